// SPDX-License-Identifier: Apache-2.0
package actas.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** The jar shares one flat class path with Keycloak: it may hold nothing of another's name, and must name its factories. */
class JarTest {
    private static JarFile jar() throws IOException {
        return new JarFile(System.getProperty("actas.jar"));
    }

    @Test
    void every_class_is_below_our_own_package() throws IOException {
        try (JarFile jar = jar()) {
            List<String> others = jar.stream()
                    .filter(entry -> !entry.isDirectory())
                    .map(JarEntry::getName)
                    .filter(name -> !name.startsWith("actas/") && !name.startsWith("META-INF/"))
                    .toList();
            assertEquals(List.of(), others);
        }
    }

    @Test
    void no_service_of_another_is_provided_but_keycloaks_two() throws IOException {
        try (JarFile jar = jar()) {
            List<String> services = jar.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.startsWith("META-INF/services/") && !name.endsWith("/"))
                    .map(name -> name.substring("META-INF/services/".length()))
                    .filter(name -> !name.startsWith("actas.keycloak.shaded."))
                    .sorted()
                    .toList();
            assertEquals(
                    List.of(
                            "org.keycloak.protocol.oidc.token.TokenPostProcessorFactory",
                            "org.keycloak.services.clientpolicy.executor.ClientPolicyExecutorProviderFactory"),
                    services);
        }
    }

    @Test
    void what_services_name_is_in_the_jar() throws IOException {
        try (JarFile jar = jar()) {
            for (JarEntry entry : jar.stream().filter(file -> file.getName().matches("META-INF/services/.+")).toList()) {
                String names = new String(jar.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8);
                for (String name : names.lines().filter(line -> !line.isBlank()).toList()) {
                    assertNotNull(jar.getEntry(name.strip().replace('.', '/') + ".class"), name);
                }
            }
        }
    }
}

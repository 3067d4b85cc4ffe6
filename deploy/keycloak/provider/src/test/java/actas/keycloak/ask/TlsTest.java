// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Only the Actas whose certificate was expected is asked, and only a server that it knows is answered. */
@Timeout(60)
class TlsTest {
    @TempDir
    static Path folder;

    private static Certificate actas;
    private static Certificate keycloak;
    private static Certificate stranger;

    @BeforeAll
    static void certificates() throws Exception {
        actas = Certificate.make(folder, "actas.test");
        keycloak = Certificate.make(folder, "keycloak.test");
        stranger = Certificate.make(folder, "stranger.test");
    }

    private static ServerCredentials tls(ClientAuth clients) throws IOException {
        return TlsServerCredentials.newBuilder()
                .keyManager(actas.certificate().toFile(), actas.key().toFile())
                .trustManager(keycloak.certificate().toFile())
                .clientAuth(clients)
                .build();
    }

    private static Actas client(Answerer server, Map<String, String> settings) {
        Map<String, String> values = new HashMap<>(settings);
        values.put("target", "127.0.0.1:" + server.port());
        // Not started, and so without the first call: the handshake is made within the deadline of the exchange.
        values.put("deadline", "10000");
        return Actas.configured(new MapScope(values));
    }

    private static void refused(Actas client) {
        assertEquals("UNAVAILABLE", assertThrows(NoDecision.class, () -> client.decide(Answers.request())).reason());
    }

    private static Map<String, String> trusting(Certificate authority) {
        return Map.of("tls-ca", authority.certificate().toString(), "authority", "actas.test");
    }

    private static Map<String, String> with(Certificate own) {
        Map<String, String> settings = new HashMap<>(trusting(actas));
        settings.put("tls-cert", own.certificate().toString());
        settings.put("tls-key", own.key().toString());
        return settings;
    }

    @Test
    void the_expected_certificate_is_trusted() throws Exception {
        try (Answerer server = new Answerer(0, tls(ClientAuth.NONE));
                Actas client = client(server, trusting(actas))) {
            assertTrue(client.decide(Answers.request()).allowed());
            assertEquals("tls", client.info().get("tls"));
        }
    }

    @Test
    void a_certificate_of_another_authority_is_not() throws Exception {
        try (Answerer server = new Answerer(0, tls(ClientAuth.NONE));
                Actas client = client(server, trusting(stranger))) {
            refused(client);
            assertEquals(0, server.asked());
        }
    }

    @Test
    void a_certificate_of_another_name_is_not() throws Exception {
        Map<String, String> otherName = Map.of("tls-ca", actas.certificate().toString());
        try (Answerer server = new Answerer(0, tls(ClientAuth.NONE));
                Actas client = client(server, otherName)) {
            refused(client);
            assertEquals(0, server.asked());
        }
    }

    @Test
    void with_mutual_tls_a_known_certificate_is_answered() throws Exception {
        try (Answerer server = new Answerer(0, tls(ClientAuth.REQUIRE));
                Actas client = client(server, with(keycloak))) {
            assertTrue(client.decide(Answers.request()).allowed());
            assertEquals("mutual", client.info().get("tls"));
        }
    }

    @Test
    void with_mutual_tls_no_other_certificate_is() throws Exception {
        try (Answerer server = new Answerer(0, tls(ClientAuth.REQUIRE));
                Actas nobody = client(server, trusting(actas));
                Actas unknown = client(server, with(stranger))) {
            refused(nobody);
            refused(unknown);
            assertEquals(0, server.asked());
        }
    }

    @Test
    void files_that_are_no_certificate_or_key_stop_the_server() throws IOException {
        Path text = Files.writeString(folder.resolve("text.pem"), "hello");
        Map<String, String> wrongKey = with(keycloak);
        wrongKey.put("tls-key", text.toString());
        Map<String, String> wrongCertificate = with(keycloak);
        wrongCertificate.put("tls-cert", text.toString());
        Map<String, String> wrongAuthority = Map.of("tls-ca", text.toString());
        Map.of("tls-key", wrongKey, "tls-cert", wrongCertificate, "tls-ca", wrongAuthority).forEach((key, settings) -> {
            Map<String, String> values = new HashMap<>(settings);
            values.put("target", "127.0.0.1:1");
            SettingsException refused =
                    assertThrows(SettingsException.class, () -> Actas.configured(new MapScope(values)));
            assertTrue(refused.getMessage().startsWith("--spi-token-interceptor--actas--" + key + " "), refused.getMessage());
        });
    }

    @Test
    void a_key_of_another_certificate_stops_the_server() {
        Map<String, String> values = with(keycloak);
        values.put("tls-key", stranger.key().toString());
        values.put("target", "127.0.0.1:1");
        assertThrows(SettingsException.class, () -> Actas.configured(new MapScope(values)));
    }
}

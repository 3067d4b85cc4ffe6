// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A wrong setting stops the server with a sentence that names the flag, and is never a weaker protection. */
class SettingsTest {
    private static Settings read(String... pairs) {
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            values.put(pairs[i], pairs[i + 1]);
        }
        return SettingsReader.read(new MapScope(values));
    }

    @Test
    void a_target_on_this_machine_is_enough() {
        Settings settings = read("target", "127.0.0.1:50051");
        assertEquals("dns:///127.0.0.1:50051", settings.endpoint().uri());
        assertEquals(250, settings.deadline().toMillis());
        assertEquals(8, settings.connections());
        assertEquals("none", settings.tlsMode());
        assertTrue(settings.reportOutcomes());
        assertFalse(settings.exposed());
        assertTrue(settings.reportMode().until().isEmpty());
    }

    @Test
    void no_target_is_a_server_that_refuses_every_exchange() {
        assertNull(read().endpoint());
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost:1", "dns:///localhost:1", "[::1]:1", "127.9.9.9:65535"})
    void plain_text_stays_on_this_machine(String target) {
        assertTrue(read("target", target).endpoint().loopback());
    }

    @ParameterizedTest
    @ValueSource(strings = {"actas:50051", "127.0.0.1.example:1", "localhost.example:1", "10.0.0.1:50051", "[::2]:1"})
    void plain_text_to_another_host_must_be_said_out_loud(String target) {
        SettingsException refused = assertThrows(SettingsException.class, () -> read("target", target));
        assertTrue(refused.getMessage().startsWith("--spi-token-interceptor--actas--target "), refused.getMessage());
        assertTrue(read("target", target, "plaintext", "true").exposed());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            target      | sts.example
            target      | sts.example:0
            target      | sts.example:65536
            target      | unix:/run/actas.sock
            target      | evil@actas:1
            target      | ` `
            deadline    | 0
            deadline    | 250ms
            deadline    | -1
            deadline    | 10001
            connections | 0
            connections | 65
            connections | eight
            plaintext   | yes
            report-outcomes | perhaps
            tls-ca      | no-such-file.pem
            tls-ca      | ` `
            tls-cert    | only-one.pem
            tls-key     | only-one.pem
            authority   | a b
            token-file  | no-such-file
            report-only | agents
            report-only | agents=soon
            report-only | agents=2026-02-30
            report-only | agents=2026-12-01,agents=2027-12-01
            report-only | agents=2026-12-01,
            """)
    void a_wrong_value_names_its_flag(String key, String value) {
        Map<String, String> values = new HashMap<>(Map.of("target", "127.0.0.1:1"));
        values.put(key, value);
        SettingsException refused =
                assertThrows(SettingsException.class, () -> Actas.configured(new MapScope(values)));
        String flags = "--spi-token-interceptor--actas--(" + key + "|tls-cert|tls-key) .*";
        assertTrue(refused.getMessage().matches(flags), refused.getMessage());
        assertFalse(value.length() > 3 && refused.getMessage().contains(value), refused.getMessage());
    }

    @Test
    void plaintext_contradicts_tls() {
        assertThrows(SettingsException.class, () -> read("target", "actas:1", "plaintext", "true", "tls-ca", "ca.pem"));
    }

    @Test
    void a_token_is_not_sent_in_the_clear_to_another_host(@TempDir Path folder) throws IOException {
        String file = Files.writeString(folder.resolve("token"), "abc.DEF-1\n").toString();
        assertEquals("abc.DEF-1", read("target", "127.0.0.1:1", "token-file", file).token());
        assertThrows(
                SettingsException.class, () -> read("target", "actas:1", "plaintext", "true", "token-file", file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "two words", "two\nlines", "käse"})
    void a_token_file_holds_one_token(String content, @TempDir Path folder) throws IOException {
        String file = Files.writeString(folder.resolve("token"), content).toString();
        SettingsException refused = assertThrows(
                SettingsException.class, () -> read("target", "127.0.0.1:1", "token-file", file));
        assertEquals("--spi-token-interceptor--actas--token-file does not hold one bearer token", refused.getMessage());
    }

    @Test
    void a_token_is_in_no_text_of_the_settings(@TempDir Path folder) throws IOException {
        String file = Files.writeString(folder.resolve("token"), "s3cret").toString();
        assertFalse(read("target", "127.0.0.1:1", "token-file", file).toString().contains("s3cret"));
    }

    @Test
    void report_mode_ends_on_its_date() {
        ReportMode mode = read("report-only", "agents=2026-12-01, other=2027-01-01").reportMode();
        assertTrue(mode.covers("agents", LocalDate.parse("2026-11-30")));
        assertFalse(mode.covers("agents", LocalDate.parse("2026-12-01")));
        assertTrue(mode.covers("other", LocalDate.parse("2026-12-31")));
        assertFalse(mode.covers("third", LocalDate.parse("2026-01-01")));
    }

    @Test
    void what_weakens_the_protection_is_said_at_start() {
        Settings settings = read("target", "actas:1", "plaintext", "true", "report-only", "agents=2026-12-01");
        List<String> during = StartNotices.of(settings, LocalDate.parse("2026-11-01"));
        assertEquals(2, during.size());
        assertTrue(during.get(1).startsWith("REPORT MODE in realm agents until 2026-12-01"), during.toString());
        assertTrue(StartNotices.of(settings, LocalDate.parse("2026-12-01")).get(1).contains("enforced"));
        assertEquals(List.of(), StartNotices.of(read("target", "127.0.0.1:1"), LocalDate.parse("2026-11-01")));
    }
}

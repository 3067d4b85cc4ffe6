// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.InsecureServerCredentials;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever Actas does, an exchange is decided or refused within the deadline, and decided as soon as Actas is there. */
@Timeout(60)
class ActasTest {
    private static Actas started(int port, String... pairs) {
        Map<String, String> values = new HashMap<>(Map.of("target", "127.0.0.1:" + port));
        for (int i = 0; i < pairs.length; i += 2) {
            values.put(pairs[i], pairs[i + 1]);
        }
        Actas actas = new Actas(SettingsReader.read(new MapScope(values)), Clock.systemUTC(), Duration.ofSeconds(1));
        actas.start();
        return actas;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private record Refused(String reason, long milliseconds) {}

    private static Refused refused(Actas actas) {
        long start = System.nanoTime();
        NoDecision none = assertThrows(NoDecision.class, () -> actas.decide(Answers.request()));
        return new Refused(none.reason(), (System.nanoTime() - start) / 1_000_000);
    }

    @Test
    void the_first_exchange_after_the_start_is_decided() throws Exception {
        try (Answerer server = Answerer.start();
                Actas actas = started(server.port())) {
            assertTrue(actas.decide(Answers.request()).allowed());
            assertEquals("READY", actas.info().get("state"));
        }
    }

    @Test
    void without_target_every_exchange_is_refused() {
        try (Actas actas = Actas.configured(new MapScope(Map.of()))) {
            actas.start();
            assertEquals("NOT_CONFIGURED", refused(actas).reason());
        }
    }

    @Test
    void an_actas_that_is_down_is_refused_at_once() throws Exception {
        try (Actas actas = started(freePort())) {
            List<Long> milliseconds = new ArrayList<>();
            for (int i = 0; i < 21; i++) {
                Refused refused = refused(actas);
                assertEquals("UNAVAILABLE", refused.reason());
                milliseconds.add(refused.milliseconds());
            }
            // The middle one: any single one may have waited for a busy machine.
            Collections.sort(milliseconds);
            assertTrue(milliseconds.get(10) <= 40, milliseconds.toString());
        }
    }

    @Test
    void an_actas_that_is_silent_is_refused_at_the_deadline() throws Exception {
        try (Answerer server = Answerer.start();
                Actas actas = started(server.port())) {
            server.silent(true);
            List<Long> milliseconds = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                Refused refused = refused(actas);
                assertEquals("DEADLINE_EXCEEDED", refused.reason());
                assertTrue(refused.milliseconds() >= 240, refused.toString());
                milliseconds.add(refused.milliseconds());
            }
            // The middle one: any single one may have waited for a busy machine.
            Collections.sort(milliseconds);
            assertTrue(milliseconds.get(3) <= 320, milliseconds.toString());
            server.silent(false);
            assertTrue(actas.decide(Answers.request()).allowed());
        }
    }

    @Test
    void a_host_that_accepts_and_says_nothing_is_refused_at_the_deadline() throws Exception {
        try (ServerSocket frozen = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                Actas actas = started(frozen.getLocalPort(), "deadline", "100")) {
            Refused refused = refused(actas);
            assertEquals("DEADLINE_EXCEEDED", refused.reason());
            assertTrue(refused.milliseconds() <= 150, refused.toString());
        }
    }

    @Test
    void the_first_exchange_after_actas_is_back_is_decided() throws Exception {
        int port = freePort();
        try (Actas actas = started(port)) {
            for (int round = 0; round < 40; round++) {
                assertEquals("UNAVAILABLE", refused(actas).reason());
                try (Answerer server = new Answerer(port, InsecureServerCredentials.create())) {
                    assertTrue(actas.decide(Answers.request()).allowed(), "round " + round);
                    assertEquals(1, server.asked());
                }
            }
        }
    }

    @Test
    void many_exchanges_at_once_are_all_decided_when_actas_is_back() throws Exception {
        int port = freePort();
        var threads = Executors.newFixedThreadPool(16);
        try (Actas actas = started(port, "deadline", "5000")) {
            Callable<Boolean> exchange = () -> actas.decide(Answers.request()).allowed();
            for (int round = 0; round < 5; round++) {
                for (Future<Boolean> down : threads.invokeAll(Collections.nCopies(32, exchange))) {
                    assertThrows(ExecutionException.class, down::get);
                }
                try (Answerer server = new Answerer(port, InsecureServerCredentials.create())) {
                    List<Boolean> allowed = new ArrayList<>();
                    for (Future<Boolean> back : threads.invokeAll(Collections.nCopies(32, exchange))) {
                        allowed.add(back.get());
                    }
                    assertEquals(Collections.nCopies(32, true), allowed);
                    assertEquals(32, server.asked());
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void the_bearer_token_is_sent(@TempDir Path folder) throws Exception {
        String file = Files.writeString(folder.resolve("token"), "abc\n").toString();
        try (Answerer server = Answerer.start();
                Actas actas = started(server.port(), "token-file", file)) {
            actas.decide(Answers.request());
            assertEquals("Bearer abc", server.authorization());
        }
    }

    @Test
    void closing_ends_the_connection() throws Exception {
        try (Answerer server = Answerer.start()) {
            Actas actas = started(server.port());
            actas.decide(Answers.request());
            actas.close();
            assertEquals("SHUTDOWN", actas.info().get("state"));
            assertEquals("UNAVAILABLE", refused(actas).reason());
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Wherever the connections end up, both workers get their share, and no exchange is refused for it. */
@Timeout(60)
class WorkersTest {
    private static final double SHARE = 0.35;

    private Answerer first;
    private Answerer second;

    @BeforeEach
    void start() throws IOException {
        first = Answerer.worker("0/2");
        second = Answerer.worker("1/2");
    }

    @AfterEach
    void stop() {
        first.close();
        second.close();
    }

    private int port(int worker) {
        return (worker == 0 ? first : second).port();
    }

    private static Actas asking(int port, int connections) {
        var settings =
                Map.of("target", "127.0.0.1:" + port, "connections", "" + connections, "deadline", "2000");
        Actas actas = new Actas(SettingsReader.read(new MapScope(settings)), Clock.systemUTC(), Duration.ofSeconds(2));
        actas.start();
        return actas;
    }

    private static void exchange(Actas actas) throws NoDecision {
        assertTrue(actas.decide(Answers.request()).allowed());
    }

    /** Exchanges until something is so, for at most fifteen seconds. */
    private static void exchangeUntil(Actas actas, BooleanSupplier so) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(15).toNanos();
        while (!so.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, () -> actas.info().toString());
            exchange(actas);
            Thread.sleep(2);
        }
    }

    private static boolean told(Actas actas, String text) {
        return actas.info().get("connections").equals(text);
    }

    private void bothGetTheirShare(Actas actas) throws Exception {
        int firstBefore = first.asked();
        int secondBefore = second.asked();
        for (int i = 0; i < 200; i++) {
            exchange(actas);
        }
        double fewer = Math.min(first.asked() - firstBefore, second.asked() - secondBefore);
        assertEquals(200, first.asked() - firstBefore + second.asked() - secondBefore);
        assertTrue(fewer >= SHARE * 200, "one worker had " + fewer);
    }

    private void reachesBoth(IntUnaryOperator placement) throws Exception {
        try (Balancer balancer = new Balancer(number -> port(placement.applyAsInt(number)));
                Actas actas = asking(balancer.port(), 8)) {
            exchangeUntil(actas, () -> told(actas, "8 of 8 ready, to 2 of 2 workers"));
            bothGetTheirShare(actas);
        }
    }

    @Test
    void one_connection_to_a_worker_carries_half_of_the_exchanges() throws Exception {
        reachesBoth(number -> number == 3 ? 1 : 0);
    }

    @Test
    void a_worker_that_no_connection_leads_to_is_found() throws Exception {
        reachesBoth(number -> number < 10 ? 0 : 1);
    }

    @Test
    void reports_that_a_worker_does_not_take_hide_no_worker() throws Exception {
        // Of all methods these know one; what gRPC answers to the others names no worker.
        try (Balancer balancer = new Balancer(number -> port(number < 10 ? 0 : 1));
                Actas actas = asking(balancer.port(), 8)) {
            exchangeUntil(actas, () -> {
                actas.report("d-1", null);
                return told(actas, "8 of 8 ready, to 2 of 2 workers");
            });
            bothGetTheirShare(actas);
        }
    }

    @Test
    void reports_take_turns_of_their_own() throws Exception {
        // An exchange and its report alternate: on one count of turns every exchange would go to the same worker.
        try (Balancer balancer = new Balancer(number -> port(number % 2));
                Actas actas = asking(balancer.port(), 8)) {
            exchangeUntil(actas, () -> told(actas, "8 of 8 ready, to 2 of 2 workers"));
            int before = first.asked();
            for (int i = 0; i < 100; i++) {
                exchange(actas);
                actas.report("d-1", null);
                while (!actas.info().get("outcomes").startsWith("0 waiting")) {
                    Thread.sleep(1);
                }
            }
            assertEquals(50, first.asked() - before, 15);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void wherever_the_kernel_places_the_connections(long seed) throws Exception {
        Random random = new Random(seed);
        reachesBoth(number -> random.nextInt(2));
    }

    @Test
    void after_a_restart_connections_that_moved_are_shared_out_anew() throws Exception {
        try (Balancer balancer = new Balancer(number -> port(number < 8 ? number % 2 : number < 12 ? 0 : 1));
                Actas actas = asking(balancer.port(), 8)) {
            exchangeUntil(actas, () -> told(actas, "8 of 8 ready, to 2 of 2 workers"));
            second.close();
            second = Answerer.worker("1/2");
            // The first four that are made anew lead to the other worker: that all do is noticed, and one is spared.
            exchangeUntilDecided(actas, () -> second.asked() > 0 && told(actas, "8 of 8 ready, to 2 of 2 workers"));
            bothGetTheirShare(actas);
        }
    }

    /** As a worker ends, what it was about to answer is refused: it may have been decided. */
    private static void exchangeUntilDecided(Actas actas, BooleanSupplier so) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(15).toNanos();
        Callable<Boolean> decided = () -> actas.decide(Answers.request()).allowed();
        for (int good = 0; good < 20 || !so.getAsBoolean(); ) {
            assertTrue(System.nanoTime() < end, () -> actas.info().toString());
            try {
                good = decided.call() ? good + 1 : 0;
            } catch (NoDecision ended) {
                good = 0;
            }
            Thread.sleep(2);
        }
    }

    @Test
    void while_actas_is_away_eight_connections_try_no_oftener_than_one() throws Exception {
        // As a server does whose certificate is not the expected one: the connection is made, and is of no use.
        try (Balancer one = new Balancer(number -> 1);
                Balancer eight = new Balancer(number -> 1);
                Actas few = asking(one.port(), 1);
                Actas many = asking(eight.port(), 8)) {
            Thread.sleep(6000);
            assertTrue(one.taken() >= 5, "nothing was tried");
            assertTrue(eight.taken() <= one.taken() + 3, eight.taken() + " connections, where one makes " + one.taken());
            assertEquals("0 of 1 ready", few.info().get("connections"));
            assertEquals("0 of 8 ready", many.info().get("connections"));
        }
    }

    @Test
    void without_a_hint_no_connection_is_made_anew() throws Exception {
        try (Answerer alone = Answerer.start();
                Balancer balancer = new Balancer(number -> alone.port());
                Actas actas = asking(balancer.port(), 8)) {
            exchangeUntil(actas, () -> told(actas, "8 of 8 ready"));
            for (int i = 0; i < 300; i++) {
                exchange(actas);
                Thread.sleep(10);
            }
            assertEquals(8, balancer.taken());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "1/1", "2/2", "-1/2", "01/2", "0/2/3", "one/two", "0/99999"})
    void a_hint_that_is_malformed_names_no_worker(String hint) {
        assertNull(Worker.parse(hint));
        assertEquals(new Worker(1, 2), Worker.parse("1/2"));
    }
}

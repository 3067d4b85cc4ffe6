// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import io.micrometer.core.instrument.Metrics;
import java.util.concurrent.TimeUnit;

/** What Keycloak's own metrics endpoint shows of the exchanges; nothing where its metrics are off. */
final class ExchangeMetrics {
    private ExchangeMetrics() {}

    static void decided(String realm, String outcome, long nanoseconds) {
        Metrics.timer("actas.decide").record(nanoseconds, TimeUnit.NANOSECONDS);
        Metrics.counter("actas.exchange.decisions", "realm", realm, "outcome", outcome).increment();
    }

    /** A report of what was issued was told to Actas, refused by it, or dropped because too many wait. */
    static void outcome(String word) {
        Metrics.counter("actas.outcomes", "outcome", word).increment();
    }

    static void reported(String realm, String code) {
        Metrics.counter("actas.report.only", "realm", realm, "code", code).increment();
    }
}

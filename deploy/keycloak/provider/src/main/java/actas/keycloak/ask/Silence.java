// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import io.grpc.Status;
import java.util.concurrent.atomic.AtomicInteger;

/** How many calls in a row were not answered in time, on one connection and on all together. */
final class Silence {
    private final Silence all;
    private final AtomicInteger missed = new AtomicInteger();

    /** Counts on one connection, and in {@code all}, which is null for the count of all. */
    Silence(Silence all) {
        this.all = all;
    }

    void answered() {
        missed.set(0);
        if (all != null) {
            all.answered();
        }
    }

    void failed(Status.Code code) {
        if (code != Status.Code.DEADLINE_EXCEEDED) {
            answered();
            return;
        }
        missed.incrementAndGet();
        if (all != null) {
            all.failed(code);
        }
    }

    /** Begins to count anew, as for a new connection. */
    void reset() {
        missed.set(0);
    }

    int missed() {
        return missed.get();
    }
}

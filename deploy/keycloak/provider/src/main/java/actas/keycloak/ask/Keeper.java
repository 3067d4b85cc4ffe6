// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.decision.v1.DecideRequest;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Keeps the connection open between exchanges: reconnects when it is lost or silent, and makes the first call, which
 * takes longer than any deadline, so that no exchange has to.
 */
final class Keeper implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger("actas.keycloak");
    private static final Duration TICK = Duration.ofMillis(500);
    // A connection to a host that is gone looks like one that is slow: after as many ticks or calls, try anew.
    private static final int PATIENCE = 4;

    private final Connection connection;
    private final Duration firstCall;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "actas-connection");
        thread.setDaemon(true);
        return thread;
    });
    // After ten seconds without a connection, one attempt in five seconds: what fails late, as for the name in Actas'
    // certificate, leaves its socket to the garbage collector. An exchange still connects at once.
    private static final int PROMPT = 20;
    private static final int RARELY = 10;

    private int connecting;
    private int attempts;
    private boolean warm;

    Keeper(Connection connection, Duration firstCall) {
        this.connection = connection;
        this.firstCall = firstCall;
    }

    /** Returns when Actas answered, or is not there within a few seconds. */
    void start() {
        warmUp();
        if (!warm) {
            LOG.warn("Actas does not answer yet: every token exchange is refused until it does");
        }
        clock.scheduleWithFixedDelay(this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void tick() {
        try {
            keep();
        } catch (RuntimeException unexpected) {
            // One that gets out would end the clock without a word.
            LOG.warnf("Keeping the connection to Actas: %s", unexpected.getClass().getName());
        }
    }

    private void keep() {
        ConnectivityState state = connection.stateConnecting();
        connecting = state == ConnectivityState.CONNECTING ? connecting + 1 : 0;
        attempts = state == ConnectivityState.READY ? 0 : attempts + 1;
        boolean silent = state == ConnectivityState.READY && connection.missed() >= PATIENCE;
        if (state == ConnectivityState.TRANSIENT_FAILURE || silent || connecting >= PATIENCE) {
            connecting = 0;
            if (attempts < PROMPT || attempts % RARELY == 0) {
                connection.renew();
            }
        }
        if (!warm && state == ConnectivityState.READY) {
            warmUp();
        }
    }

    /** An empty request is malformed: Actas saying so proves the whole way, and nothing is decided. */
    private void warmUp() {
        try {
            connection.askWhenReady(
                    DecideRequest.getDefaultInstance(), Deadline.after(firstCall.toMillis(), TimeUnit.MILLISECONDS));
            warm = true;
        } catch (StatusRuntimeException answer) {
            Status.Code code = answer.getStatus().getCode();
            warm = code != Status.Code.UNAVAILABLE && code != Status.Code.DEADLINE_EXCEEDED;
            if (warm && code != Status.Code.INVALID_ARGUMENT) {
                LOG.errorf("Actas does not accept this server, every token exchange is refused: %s", code);
            }
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.decision.v1.DecideRequest;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Keeps the connections open between exchanges: reconnects when one is lost or silent, and makes the first call, which
 * takes longer than any deadline, so that no exchange has to. Also sees to it that they lead to all workers.
 */
final class Keeper implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger("actas.keycloak");
    private static final Duration TICK = Duration.ofMillis(500);
    // A connection to a host that is gone looks like one that is slow: after as many ticks or calls, try anew.
    private static final int PATIENCE = 4;

    private final Connections connections;
    private final Duration firstCall;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "actas-connections");
        thread.setDaemon(true);
        return thread;
    });
    // After ten seconds without a connection, one attempt in five seconds: what fails late, as for the name in Actas'
    // certificate, leaves its socket to the garbage collector. An exchange still connects at once.
    private static final int PROMPT = 20;
    private static final int RARELY = 10;

    // Ticks that each has been connecting for.
    private final Map<Connection, Integer> connecting = new IdentityHashMap<>();
    private final MissedWorkers missedWorkers = new MissedWorkers();
    private int attempts;
    private int renewed;
    private boolean warm;

    Keeper(Connections connections, Duration firstCall) {
        this.connections = connections;
        this.firstCall = firstCall;
    }

    /** Returns when Actas answered, or is not there within a few seconds. */
    void start() {
        warmUp();
        if (!warm) {
            LOG.warn("Actas does not answer yet: every token exchange is refused until it does");
        }
        connections.kept().forEach(Connection::stateConnecting);
        clock.scheduleWithFixedDelay(this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void tick() {
        try {
            keep();
        } catch (RuntimeException unexpected) {
            // One that gets out would end the clock without a word.
            LOG.warnf("Keeping the connections to Actas: %s", unexpected.getClass().getName());
        }
    }

    private void keep() {
        if (connections.state() == ConnectivityState.READY && connections.missed() >= PATIENCE) {
            connections.startOver();
        }
        List<Connection> kept = connections.kept();
        List<Connection> bad = kept.stream().filter(this::bad).toList();
        boolean ready = kept.stream().allMatch(one -> one.state() == ConnectivityState.READY);
        attempts = ready ? 0 : attempts + 1;
        // One at a time, over all connections.
        if (!bad.isEmpty() && (attempts < PROMPT || attempts % RARELY == 0)) {
            bad.get(renewed++ % bad.size()).renew();
        }
        if (ready) {
            missedWorkers.tick(connections);
        }
        if (!warm && connections.state() == ConnectivityState.READY) {
            warmUp();
        }
    }

    private boolean bad(Connection connection) {
        ConnectivityState state = connection.stateConnecting();
        int ticks = state == ConnectivityState.CONNECTING ? connecting.getOrDefault(connection, 0) + 1 : 0;
        boolean silent = state == ConnectivityState.READY && connection.missed() >= PATIENCE;
        connecting.put(connection, ticks % PATIENCE);
        return state == ConnectivityState.TRANSIENT_FAILURE || silent || ticks >= PATIENCE;
    }

    /** An empty request is malformed: Actas saying so proves the whole way, and nothing is decided. */
    private void warmUp() {
        try {
            connections.askWhenReady(
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

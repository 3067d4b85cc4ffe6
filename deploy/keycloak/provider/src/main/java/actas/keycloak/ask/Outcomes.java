// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.admin.v1.Outcome;
import actas.admin.v1.ReportOutcomeRequest;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;

/**
 * Tells Actas what became of its decisions, after the token has left: the receipt of a decision then names the token
 * that was issued on it. Nothing waits for that, and nothing fails because of it.
 */
final class Outcomes implements AutoCloseable {
    /** How many may wait for an Actas that is away; what comes then is told to nobody. */
    static final int MOST_WAITING = 10_000;

    private static final Logger LOG = Logger.getLogger("actas.keycloak");
    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);
    // A receipt that is kept after its answer has left may come a little later than the report.
    private static final int TRIES_FOR_A_RECEIPT = 4;

    private final Connections connections;
    private final Duration firstPause;
    private final BlockingQueue<ReportOutcomeRequest> waiting;
    private final Thread thread = new Thread(this::tell, "actas-outcomes");
    private final AtomicReference<Status.Code> trouble = new AtomicReference<>();
    private volatile boolean closing;

    Outcomes(Connections connections) {
        this(connections, MOST_WAITING, Duration.ofMillis(200));
    }

    Outcomes(Connections connections, int mostWaiting, Duration firstPause) {
        this.connections = connections;
        this.firstPause = firstPause;
        waiting = new ArrayBlockingQueue<>(mostWaiting);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Puts a report into the queue, and returns at once; jti is null where nothing was issued. */
    void report(String decisionId, String jti) {
        Outcome.Builder outcome = Outcome.newBuilder().setIssued(jti != null);
        if (jti != null) {
            outcome.setIssuedJti(jti);
        }
        if (!waiting.offer(ReportOutcomeRequest.newBuilder().setDecisionId(decisionId).setOutcome(outcome).build())) {
            ExchangeMetrics.outcome("dropped");
        }
    }

    /** For the server info page. */
    String told() {
        Status.Code now = trouble.get();
        return waiting.size() + " waiting" + (now == null ? "" : ", " + now);
    }

    private void tell() {
        try {
            while (!closing || !waiting.isEmpty()) {
                ReportOutcomeRequest report = waiting.poll(100, TimeUnit.MILLISECONDS);
                if (report != null) {
                    tell(report);
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** The same report twice is one, so that it may be sent again. */
    private void tell(ReportOutcomeRequest report) throws InterruptedException {
        Duration pause = firstPause;
        for (int tries = 1; ; tries++) {
            Status.Code code = send(report);
            note(code);
            boolean again =
                    switch (code) {
                        case UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED -> !closing;
                        case NOT_FOUND -> tries < TRIES_FOR_A_RECEIPT;
                        default -> false;
                    };
            if (!again) {
                ExchangeMetrics.outcome(code == Status.Code.OK ? "told" : "refused");
                return;
            }
            Thread.sleep(pause.toMillis());
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
        }
    }

    private Status.Code send(ReportOutcomeRequest report) {
        try {
            connections.report(report, Deadline.after(DEADLINE.toMillis(), TimeUnit.MILLISECONDS));
            return Status.Code.OK;
        } catch (StatusRuntimeException failure) {
            return failure.getStatus().getCode();
        } catch (RuntimeException unexpected) {
            // One that gets out would end the thread without a word.
            return Status.Code.UNKNOWN;
        }
    }

    /** Once, not with every report. */
    private void note(Status.Code code) {
        Status.Code now = code == Status.Code.OK ? null : code;
        if (trouble.getAndSet(now) == now) {
            return;
        }
        if (now == null) {
            LOG.info("Actas takes reports of what was issued again");
        } else if (now == Status.Code.UNIMPLEMENTED) {
            LOG.info("Actas keeps no receipts, so it is not told what was issued: give it a store, or set "
                    + SettingsException.flag("report-outcomes") + "=false");
        } else {
            LOG.warnf("Actas does not take reports of what was issued: %s", now);
        }
    }

    @Override
    public void close() {
        closing = true;
        try {
            thread.join(LAST_WORDS.toMillis());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
        thread.interrupt();
    }
}

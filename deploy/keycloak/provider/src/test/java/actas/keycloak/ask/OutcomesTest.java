// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import actas.admin.v1.Outcome;
import actas.admin.v1.ReceiptServiceGrpc;
import actas.admin.v1.ReportOutcomeRequest;
import actas.admin.v1.ReportOutcomeResponse;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Actas is told what was issued, some time after; whatever it answers, nobody waits and nothing is lost on the way. */
@Timeout(60)
class OutcomesTest {
    private static final Duration PAUSE = Duration.ofMillis(20);

    /** A real server of receipts that fails as often as it is told to, and keeps what it was told. */
    private static final class Receipts extends ReceiptServiceGrpc.ReceiptServiceImplBase implements AutoCloseable {
        final List<ReportOutcomeRequest> told = new CopyOnWriteArrayList<>();
        final ConcurrentLinkedQueue<Status> failures = new ConcurrentLinkedQueue<>();
        final Server server;

        Receipts(int port) throws IOException {
            server = OkHttpServerBuilder.forPort(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                            InsecureServerCredentials.create())
                    .addService(this)
                    .build()
                    .start();
        }

        @Override
        public void reportOutcome(ReportOutcomeRequest request, StreamObserver<ReportOutcomeResponse> answer) {
            Status failure = failures.poll();
            if (failure != null) {
                answer.onError(failure.asRuntimeException());
                return;
            }
            told.add(request);
            answer.onNext(ReportOutcomeResponse.newBuilder().setRecorded(true).build());
            answer.onCompleted();
        }

        @Override
        public void close() {
            server.shutdownNow();
        }
    }

    private static Connections connections(int port) {
        return new Connections(SettingsReader.read(
                new MapScope(Map.of("target", "127.0.0.1:" + port, "connections", "1"))));
    }

    private static Outcomes started(Connections connections, int most) {
        Outcomes outcomes = new Outcomes(connections, most, PAUSE);
        outcomes.start();
        return outcomes;
    }

    private static void until(BooleanSupplier holds) throws InterruptedException {
        while (!holds.getAsBoolean()) {
            Thread.sleep(10);
        }
    }

    private static ReportOutcomeRequest of(String decisionId, Outcome.Builder outcome) {
        return ReportOutcomeRequest.newBuilder().setDecisionId(decisionId).setOutcome(outcome).build();
    }

    @Test
    void what_was_issued_is_told_by_its_jti_and_what_was_not_as_well() throws Exception {
        try (Receipts receipts = new Receipts(0);
                Connections connections = connections(receipts.server.getPort());
                Outcomes outcomes = started(connections, 10)) {
            outcomes.report("d-1", "token-1");
            outcomes.report("d-2", null);
            until(() -> receipts.told.size() == 2);
            assertEquals(of("d-1", Outcome.newBuilder().setIssued(true).setIssuedJti("token-1")), receipts.told.get(0));
            assertEquals(of("d-2", Outcome.newBuilder().setIssued(false)), receipts.told.get(1));
        }
    }

    @Test
    void what_may_pass_is_tried_again() throws Exception {
        try (Receipts receipts = new Receipts(0);
                Connections connections = connections(receipts.server.getPort());
                Outcomes outcomes = started(connections, 10)) {
            // As of a receipt that is not kept yet, and of a store that is away for a moment.
            receipts.failures.addAll(List.of(Status.NOT_FOUND, Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED));
            outcomes.report("d-1", "token-1");
            until(() -> receipts.told.size() == 1);
            assertTrue(outcomes.told().startsWith("0 waiting"));
        }
    }

    @Test
    void what_is_refused_for_good_holds_up_nothing() throws Exception {
        try (Receipts receipts = new Receipts(0);
                Connections connections = connections(receipts.server.getPort());
                Outcomes outcomes = started(connections, 10)) {
            receipts.failures.addAll(List.of(Status.ALREADY_EXISTS, Status.PERMISSION_DENIED, Status.UNIMPLEMENTED));
            receipts.failures.addAll(List.of(
                    Status.NOT_FOUND, Status.NOT_FOUND, Status.NOT_FOUND, Status.NOT_FOUND));
            for (int i = 1; i <= 5; i++) {
                outcomes.report("d-" + i, "token-" + i);
            }
            until(() -> receipts.told.size() == 1);
            assertEquals("d-5", receipts.told.get(0).getDecisionId());
        }
    }

    @Test
    void nobody_waits_while_actas_is_away_and_what_fits_is_told_when_it_is_back() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        try (Connections connections = connections(port);
                Outcomes outcomes = started(connections, 20)) {
            long start = System.nanoTime();
            for (int i = 0; i < 1000; i++) {
                outcomes.report("d-" + i, "token-" + i);
            }
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(1).toNanos());
            try (Receipts receipts = new Receipts(port)) {
                until(() -> receipts.told.size() >= 20);
                assertEquals("d-0", receipts.told.get(0).getDecisionId());
            }
        }
    }

    @Test
    void closing_tells_what_is_waiting_and_does_not_hang_where_nobody_listens() throws Exception {
        try (Receipts receipts = new Receipts(0);
                Connections connections = connections(receipts.server.getPort())) {
            Outcomes outcomes = started(connections, 100);
            for (int i = 0; i < 50; i++) {
                outcomes.report("d-" + i, null);
            }
            outcomes.close();
            assertEquals(50, receipts.told.size());
        }
        try (Connections nowhere = connections(1)) {
            Outcomes outcomes = started(nowhere, 10);
            outcomes.report("d-1", null);
            long start = System.nanoTime();
            outcomes.close();
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(10).toNanos());
        }
    }

    @Test
    void a_report_is_made_when_the_token_request_has_ended() throws Exception {
        try (Receipts receipts = new Receipts(0);
                Actas actas = Actas.configured(new MapScope(
                        Map.of("target", "127.0.0.1:" + receipts.server.getPort())))) {
            actas.start();
            OutcomeReport issued = new OutcomeReport(actas, "issued");
            OutcomeReport undone = new OutcomeReport(actas, "undone");
            for (OutcomeReport report : List.of(issued, undone)) {
                report.begin();
                report.issued("token");
            }
            assertEquals(0, receipts.told.size());
            issued.commit();
            undone.rollback();
            OutcomeReport refused = new OutcomeReport(actas, "refused");
            refused.begin();
            refused.commit();
            until(() -> receipts.told.size() == 3);
            assertEquals(
                    List.of(
                            of("issued", Outcome.newBuilder().setIssued(true).setIssuedJti("token")),
                            of("undone", Outcome.newBuilder().setIssued(false)),
                            of("refused", Outcome.newBuilder().setIssued(false))),
                    receipts.told);
        }
    }

    @Test
    void it_can_be_switched_off() throws Exception {
        try (Receipts receipts = new Receipts(0);
                Actas actas = Actas.configured(new MapScope(Map.of(
                        "target", "127.0.0.1:" + receipts.server.getPort(), "report-outcomes", "false")))) {
            actas.start();
            actas.report("d-1", "token-1");
            assertEquals("not reported", actas.info().get("outcomes"));
            assertEquals(0, receipts.told.size());
        }
    }
}

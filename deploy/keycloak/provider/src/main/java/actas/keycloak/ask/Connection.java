// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.admin.v1.ReceiptServiceGrpc;
import actas.admin.v1.ReportOutcomeRequest;
import actas.decision.v1.DecideRequest;
import actas.decision.v1.DecideResponse;
import actas.decision.v1.DecisionServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** One HTTP/2 connection to Actas, for any number of exchanges at once. */
final class Connection implements AutoCloseable {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final int LONGEST_ANSWER = 1024 * 1024;
    private static final int DROP_WITHIN_MS = 10;

    private final ManagedChannel transport;
    private final Channel channel;
    private final WorkerHint hint = new WorkerHint();
    private final Silence silence;
    private final AtomicInteger renewals = new AtomicInteger();

    /** Nothing is connected yet. What is missed on it also counts in {@code all}. */
    Connection(Settings settings, Silence all) {
        silence = new Silence(all);
        transport = transport(settings);
        Channel hinted = ClientInterceptors.intercept(transport, hint);
        channel = settings.token() == null ? hinted : ClientInterceptors.intercept(hinted, bearer(settings.token()));
    }

    private static ManagedChannel transport(Settings settings) {
        TlsFiles tls = settings.tls();
        ChannelCredentials credentials = tls == null ? InsecureChannelCredentials.create() : tls.credentials();
        OkHttpChannelBuilder builder;
        try {
            builder = OkHttpChannelBuilder.forTarget(settings.endpoint().uri(), credentials);
        } catch (IllegalArgumentException unusable) {
            throw new SettingsException("tls-cert", "and tls-key or tls-ca cannot be used for TLS");
        }
        if (settings.authority() != null) {
            builder.overrideAuthority(settings.authority());
        }
        // Neither a proxy of the Java runtime nor a DNS record may say where questions with users' claims go.
        return builder.proxyDetector(address -> null)
                .disableServiceConfigLookUp()
                .maxInboundMessageSize(LONGEST_ANSWER)
                .build();
    }

    private static ClientInterceptor bearer(String token) {
        Metadata headers = new Metadata();
        headers.put(AUTHORIZATION, "Bearer " + token);
        return MetadataUtils.newAttachHeadersInterceptor(headers);
    }

    /**
     * Asks, and is sent at most once. Where it could not be sent because the connection was lost, it is sent on a new
     * one at once, so that the first exchange after Actas is back does not have to wait for gRPC's back-off.
     */
    DecideResponse ask(DecideRequest request, Deadline deadline) {
        for (boolean last = false; ; ) {
            int before = renewals.get();
            SentTracer tracer = new SentTracer();
            try {
                return call(request, CallOptions.DEFAULT.withDeadline(deadline).withStreamTracerFactory(tracer));
            } catch (StatusRuntimeException failure) {
                if (last || failure.getStatus().getCode() != Status.Code.UNAVAILABLE || tracer.sent() || closed()) {
                    throw failure;
                }
            }
            // Where another exchange renewed it meanwhile, doing so again would cut short that one's attempt. What fails
            // on another's new connection may still be tried on an own one, until the deadline.
            if (renewals.compareAndSet(before, before + 1)) {
                drop();
                last = true;
            }
        }
    }

    private boolean closed() {
        return transport.isShutdown();
    }

    /** Asks, waiting for a connection until the deadline. */
    DecideResponse askWhenReady(DecideRequest request, Deadline deadline) {
        return call(request, CallOptions.DEFAULT.withDeadline(deadline).withWaitForReady());
    }

    private DecideResponse call(DecideRequest request, CallOptions options) {
        try {
            DecideResponse answer =
                    ClientCalls.blockingUnaryCall(channel, DecisionServiceGrpc.getDecideMethod(), options, request);
            silence.answered();
            return answer;
        } catch (StatusRuntimeException failure) {
            silence.failed(failure.getStatus().getCode());
            throw failure;
        }
    }

    /** Reports what became of a decision. What is slow here says nothing about questions. */
    void report(ReportOutcomeRequest report, Deadline deadline) {
        CallOptions options = CallOptions.DEFAULT.withDeadline(deadline);
        ClientCalls.blockingUnaryCall(channel, ReceiptServiceGrpc.getReportOutcomeMethod(), options, report);
    }

    /** Drops the connection for a new one; calls under way have some seconds to end. */
    void renew() {
        renewals.incrementAndGet();
        drop();
    }

    /** Drops the connection until it is asked for again; calls under way have some seconds to end. */
    void rest() {
        if (state() != ConnectivityState.IDLE) {
            silence.reset();
            hint.forget();
            transport.enterIdle();
        }
    }

    private void drop() {
        silence.reset();
        hint.forget();
        transport.enterIdle();
        transport.getState(true);
        // gRPC may do so on another thread, and until then calls still fail. What is registered after it runs after it.
        CountDownLatch dropped = new CountDownLatch(1);
        transport.notifyWhenStateChanged(ConnectivityState.SHUTDOWN, dropped::countDown);
        try {
            dropped.await(DROP_WITHIN_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    ConnectivityState state() {
        return transport.getState(false);
    }

    /** Gives the state, and connects where it rests. What is missed while there is none says nothing about the next. */
    ConnectivityState stateConnecting() {
        ConnectivityState state = transport.getState(true);
        if (state != ConnectivityState.READY) {
            silence.reset();
        }
        return state;
    }

    /** How many calls in a row were not answered in time. */
    int missed() {
        return silence.missed();
    }

    /** The worker at the other end; null while it is not known. */
    Worker worker() {
        return hint.worker();
    }

    /** Begins to end it: what is under way fails. */
    void shutdown() {
        transport.shutdownNow();
    }

    @Override
    public void close() {
        shutdown();
        try {
            transport.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}

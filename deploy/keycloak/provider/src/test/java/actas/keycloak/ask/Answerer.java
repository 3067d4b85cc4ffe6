// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.decision.v1.DecideRequest;
import actas.decision.v1.DecideResponse;
import actas.decision.v1.DecisionServiceGrpc;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** A real gRPC server on loopback that allows what it is asked, unless it was told to be silent. */
final class Answerer implements AutoCloseable {
    private final Server server;
    private final AtomicReference<String> authorization = new AtomicReference<>();
    private final AtomicInteger asked = new AtomicInteger();
    private final String hint;
    private volatile boolean silent;

    Answerer(int port, ServerCredentials credentials) throws IOException {
        this(port, credentials, null);
    }

    /** With {@code hint} it is one of several workers. */
    private Answerer(int port, ServerCredentials credentials, String hint) throws IOException {
        this.hint = hint;
        server = OkHttpServerBuilder.forPort(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), port), credentials)
                .addService(new Service())
                .intercept(new Headers())
                .build()
                .start();
    }

    static Answerer start() throws IOException {
        return new Answerer(0, InsecureServerCredentials.create());
    }

    static Answerer worker(String hint) throws IOException {
        return new Answerer(0, InsecureServerCredentials.create(), hint);
    }

    int port() {
        return server.getPort();
    }

    void silent(boolean value) {
        silent = value;
    }

    String authorization() {
        return authorization.get();
    }

    /** How many real questions came; the first call of a client is not one. */
    int asked() {
        return asked.get();
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Service extends DecisionServiceGrpc.DecisionServiceImplBase {
        @Override
        public void decide(DecideRequest request, StreamObserver<DecideResponse> answer) {
            if (request.getRequestId().isEmpty()) {
                answer.onError(Status.INVALID_ARGUMENT.asRuntimeException());
                return;
            }
            asked.incrementAndGet();
            if (silent) {
                return;
            }
            answer.onNext(Answers.of(Answers.allow().setRequestId(request.getRequestId())));
            answer.onCompleted();
        }
    }

    private final class Headers implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            authorization.set(headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER)));
            return next.startCall(hint == null ? call : new Hinting<>(call), headers);
        }
    }

    private final class Hinting<Q, A> extends SimpleForwardingServerCall<Q, A> {
        Hinting(ServerCall<Q, A> call) {
            super(call);
        }

        @Override
        public void close(Status status, Metadata trailers) {
            trailers.put(Metadata.Key.of("actas-worker", Metadata.ASCII_STRING_MARSHALLER), hint);
            super.close(status, trailers);
        }
    }
}

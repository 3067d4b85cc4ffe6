// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/** Notices which worker is at the other end of one connection: with several, each says so in its trailing metadata. */
final class WorkerHint implements ClientInterceptor {
    private static final Metadata.Key<String> KEY = Metadata.Key.of("actas-worker", Metadata.ASCII_STRING_MARSHALLER);

    private volatile Worker worker;

    /** Returns null while it is not known. */
    Worker worker() {
        return worker;
    }

    void forget() {
        worker = null;
    }

    private void learn(Status status, Metadata trailers) {
        String hint = trailers.get(KEY);
        // A failure that names no worker says nothing about the connection: time that is over, or a server or something in
        // between that does not know the method. Taken for an answer, each report of an outcome would forget a worker.
        if (hint != null || status.isOk()) {
            worker = Worker.parse(hint);
        }
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
            @Override
            public void start(Listener<A> listener, Metadata headers) {
                super.start(
                        new SimpleForwardingClientCallListener<>(listener) {
                            @Override
                            public void onClose(Status status, Metadata trailers) {
                                learn(status, trailers);
                                super.onClose(status, trailers);
                            }
                        },
                        headers);
            }
        };
    }
}

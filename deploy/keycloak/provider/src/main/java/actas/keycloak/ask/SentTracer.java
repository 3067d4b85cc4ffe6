// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;

/** Notices whether a call left this machine: one that did may have used up an approval, and is never sent again. */
final class SentTracer extends ClientStreamTracer.Factory {
    private volatile boolean sent;

    @Override
    public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
        return new ClientStreamTracer() {
            @Override
            public void outboundHeaders() {
                sent = true;
            }
        };
    }

    boolean sent() {
        return sent;
    }
}

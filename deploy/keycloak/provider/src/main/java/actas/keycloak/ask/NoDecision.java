// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

/** Actas gave no answer that can be relied on; the caller must refuse. */
public final class NoDecision extends Exception {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    NoDecision(Reason reason) {
        // No cause and no stack: what gRPC says may quote the request, and this is thrown on every fault.
        super(reason.name(), null, false, false);
        this.reason = reason;
    }

    /** One word of a fixed list, for events, logs and metrics. */
    public String reason() {
        return reason.name();
    }

    Reason word() {
        return reason;
    }

    /** Why there is no decision. */
    enum Reason {
        /** No target is set. */
        NOT_CONFIGURED,
        UNAVAILABLE,
        DEADLINE_EXCEEDED,
        /** The bearer token or the client certificate is not accepted. */
        UNAUTHENTICATED,
        PERMISSION_DENIED,
        /** Actas finds the question malformed, or too long. */
        INVALID_ARGUMENT,
        RESOURCE_EXHAUSTED,
        /** What answers at the target is not Actas. */
        UNIMPLEMENTED,
        /** Any other gRPC status. */
        FAILED,
        MALFORMED_ANSWER,
        UNKNOWN_FIELD,
        UNKNOWN_EFFECT,
        UNKNOWN_OBLIGATION,
        OTHER_REQUEST,
        WIDER_THAN_ASKED,
        /** The act claim to issue is not the subject token's chain with the actor before it. */
        WRONG_ACT,
        /** Too late to issue on it; often the clocks differ. */
        EXPIRED
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.decision.v1.DecideRequest;
import actas.decision.v1.DecideResponse;
import actas.decision.v1.Decision;
import actas.decision.v1.Effect;
import actas.keycloak.ask.NoDecision.Reason;
import com.google.protobuf.Timestamp;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;

/** Turns an answer into a decision, or refuses it: what is not fully understood may hide a restriction. */
final class AnswerCheck {
    // RFC 9562, section 5.7.
    private static final Pattern UUID_V7 =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    // The contract's longest time between a decision and the token issued on it.
    private static final Duration ISSUE_WITHIN = Duration.ofSeconds(5);

    private AnswerCheck() {}

    static CheckedDecision check(DecideRequest request, DecideResponse response, Clock clock) throws NoDecision {
        if (UnknownFields.in(response)) {
            throw new NoDecision(Reason.UNKNOWN_FIELD);
        }
        need(response.hasDecision());
        Decision decision = response.getDecision();
        if (request.getRequestId().isEmpty() || !decision.getRequestId().equals(request.getRequestId())) {
            throw new NoDecision(Reason.OTHER_REQUEST);
        }
        need(UUID_V7.matcher(decision.getDecisionId()).matches());
        need(!decision.getPolicy().getRevision().isEmpty());
        need(decision.hasEvaluatedAt() && decision.hasValidUntil());
        Instant validUntil = validUntil(decision, clock.instant());
        ObligationCheck.check(decision.getObligationsList());
        if (decision.getEffect() == Effect.EFFECT_ALLOW) {
            return AllowCheck.check(request, decision, validUntil);
        }
        if (decision.getEffect() == Effect.EFFECT_DENY) {
            return DenyCheck.check(decision, validUntil);
        }
        throw new NoDecision(Reason.UNKNOWN_EFFECT);
    }

    private static Instant validUntil(Decision decision, Instant now) throws NoDecision {
        Instant until = instant(decision.getValidUntil());
        if (until.isBefore(now)) {
            throw new NoDecision(Reason.EXPIRED);
        }
        Instant latest = now.plus(ISSUE_WITHIN);
        return until.isAfter(latest) ? latest : until;
    }

    static Instant instant(Timestamp timestamp) throws NoDecision {
        try {
            return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
        } catch (DateTimeException | ArithmeticException outOfRange) {
            throw new NoDecision(Reason.MALFORMED_ANSWER);
        }
    }

    static void need(boolean holds) throws NoDecision {
        if (!holds) {
            throw new NoDecision(Reason.MALFORMED_ANSWER);
        }
    }
}

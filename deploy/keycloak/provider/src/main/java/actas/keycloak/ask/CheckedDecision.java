// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.decision.v1.DecideRequest;
import actas.decision.v1.DecideResponse;
import actas.decision.v1.Denial;
import actas.decision.v1.Obligation;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An answer that was checked against its question. On a deny, what may be issued is empty.
 *
 * @param obligations step-up or approval; their properties were checked to fit a header
 * @param notAfter seconds since the epoch
 * @param act the claim to issue, or null where none is
 * @param jkt thumbprint of the key that the token must be bound to, or null
 * @param validUntil the last moment to issue on this decision, once
 */
public record CheckedDecision(
        String decisionId,
        boolean allowed,
        String error,
        String errorDescription,
        List<Denial> denials,
        List<Obligation> obligations,
        Set<String> scope,
        Set<String> audience,
        long maxLifetimeSeconds,
        long notAfter,
        Map<String, Object> act,
        String txn,
        String jkt,
        String tokenType,
        Instant validUntil) {

    static CheckedDecision check(DecideRequest request, DecideResponse response) throws NoDecision {
        try {
            return AnswerCheck.check(request, response, Clock.systemUTC());
        } catch (RuntimeException | StackOverflowError unreadable) {
            // Whatever else is wrong with an answer, it must end in a refusal and not in an error page.
            throw new NoDecision(NoDecision.Reason.MALFORMED_ANSWER);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static actas.keycloak.ask.AnswerCheck.need;

import actas.decision.v1.DecideRequest;
import actas.decision.v1.Decision;
import actas.decision.v1.Limits;
import actas.keycloak.ask.NoDecision.Reason;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks that an allow is complete, and nowhere wider than what was asked for. */
final class AllowCheck {
    private static final String ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
    private static final Set<String> TOKEN_TYPES = Set.of("Bearer", "DPoP");

    private AllowCheck() {}

    static CheckedDecision check(DecideRequest request, Decision decision, Instant validUntil) throws NoDecision {
        // Said beside an allow, either would have to be obeyed, and Keycloak cannot.
        if (decision.getObligationsCount() > 0) {
            throw new NoDecision(Reason.UNKNOWN_OBLIGATION);
        }
        need(decision.getError().isEmpty() && decision.getDenialsCount() == 0);
        need(decision.hasLimits() && decision.hasIssueClaims());
        need(decision.getIssueClaims().getDecisionId().equals(decision.getDecisionId()));
        need(!decision.getIssueClaims().getTxn().isBlank());
        Limits limits = decision.getLimits();
        Set<String> scope = scope(request, limits);
        return new CheckedDecision(
                decision.getDecisionId(),
                true,
                "",
                "",
                List.of(),
                List.of(),
                scope,
                audience(request, limits),
                lifetime(limits),
                notAfter(request, limits),
                ActCheck.check(request.getSubjectToken().getClaimsJson(), decision.getActJson()),
                decision.getIssueClaims().getTxn(),
                jkt(limits),
                tokenType(limits),
                validUntil);
    }

    private static Set<String> scope(DecideRequest request, Limits limits) throws NoDecision {
        Set<String> granted = set(limits.getScopeList());
        Set<String> asked = new HashSet<>(List.of(request.getScope().split(" ")));
        // An empty request leaves the scope to the target's default.
        if (!request.getScope().isBlank() && !asked.containsAll(granted)) {
            throw new NoDecision(Reason.WIDER_THAN_ASKED);
        }
        need(granted.stream().noneMatch(scope -> scope.isBlank() || scope.contains(" ")));
        // Whoever asks for no details may not be given any.
        if (!limits.getAuthorizationDetailsJson().isEmpty()) {
            throw new NoDecision(Reason.WIDER_THAN_ASKED);
        }
        return granted;
    }

    private static Set<String> audience(DecideRequest request, Limits limits) throws NoDecision {
        Set<String> asked = new HashSet<>(request.getAudienceList());
        asked.addAll(request.getResourceList());
        Set<String> granted = set(limits.getAudienceList());
        if (granted.isEmpty() || !granted.equals(asked)) {
            throw new NoDecision(Reason.WIDER_THAN_ASKED);
        }
        return granted;
    }

    private static long lifetime(Limits limits) throws NoDecision {
        need(limits.hasMaxLifetime() && limits.getMaxLifetime().getSeconds() > 0);
        need(limits.getMaxLifetime().getSeconds() <= Integer.MAX_VALUE);
        return limits.getMaxLifetime().getSeconds();
    }

    private static long notAfter(DecideRequest request, Limits limits) throws NoDecision {
        need(limits.hasNotAfter());
        long notAfter = AnswerCheck.instant(limits.getNotAfter()).getEpochSecond();
        need(notAfter > 0);
        JsonNode exp = StrictJson.object(request.getSubjectToken().getClaimsJson()).get("exp");
        // A token without exp has no end, and then only the decision sets one.
        if (exp != null && (!exp.isNumber() || notAfter > exp.decimalValue().doubleValue())) {
            throw new NoDecision(Reason.WIDER_THAN_ASKED);
        }
        return notAfter;
    }

    private static String jkt(Limits limits) throws NoDecision {
        need(!limits.hasCnf() || !limits.getCnf().getJkt().isBlank());
        return limits.hasCnf() ? limits.getCnf().getJkt() : null;
    }

    private static String tokenType(Limits limits) throws NoDecision {
        need(limits.getIssuedTokenType().equals(ACCESS_TOKEN));
        need(TOKEN_TYPES.contains(limits.getTokenType()));
        need(!limits.getTokenType().equals("DPoP") || limits.hasCnf());
        return limits.getTokenType();
    }

    private static Set<String> set(Collection<String> values) {
        return Set.copyOf(new HashSet<>(values));
    }
}

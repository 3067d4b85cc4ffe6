// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import actas.keycloak.ask.CheckedDecision;
import actas.keycloak.ask.DecidedExchange;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.keycloak.protocol.oidc.token.TokenPostProcessorContext;
import org.keycloak.representations.AccessToken;

/**
 * Compares the token that Keycloak made with the decision. Nothing is repaired here: a token that differs was made by
 * something that does not know of the decision, and its other claims and the response would still be the wider ones.
 */
final class TokenCheck {
    // Fields of the token's class. Among the other claims, a mapper's value would become a second member of that name.
    private static final Set<String> FIELDS = Set.of(
            "iss", "sub", "aud", "azp", "exp", "nbf", "iat", "jti", "typ", "scope", "cnf", "authorization_details");

    private final DecidedExchange decided;
    private final AccessToken token;

    private TokenCheck(DecidedExchange decided, AccessToken token) {
        this.decided = decided;
        this.token = token;
    }

    static void check(TokenPostProcessorContext context, DecidedExchange decided, Instant now) throws Refusal {
        checkWithoutScope(context, decided, now);
        new TokenCheck(decided, context.accessToken()).checkScope();
    }

    /** For report mode, where the scope was not narrowed. */
    static void checkWithoutScope(TokenPostProcessorContext context, DecidedExchange decided, Instant now)
            throws Refusal {
        if (!decided.decision().allowed()) {
            throw new Refusal("no policy decision");
        }
        if (context.refreshToken() != null) {
            throw new Refusal("no refresh token may be issued by an exchange");
        }
        if (context.accessToken() == null) {
            throw new Refusal("no access token was made");
        }
        new TokenCheck(decided, context.accessToken()).check(now);
    }

    private void check(Instant now) throws Refusal {
        CheckedDecision decision = decided.decision();
        same(!now.isAfter(decision.validUntil()), "the decision has expired");
        same(decided.subjectSub().equals(token.getSubject()), "sub is not that of the decision");
        same(decided.clientId().equals(token.getIssuedFor()), "the client is not that of the decision");
        same(audience().equals(decision.audience()), "aud is not that of the decision");
        same(Objects.equals(jkt(), decision.jkt()), "the token is not bound to the key of the decision");
        same(token.getAuthorizationDetails() == null, "authorization_details exceed the decision");
        same(Collections.disjoint(token.getOtherClaims().keySet(), FIELDS), "a mapper sets a claim of the token twice");
    }

    private void checkScope() throws Refusal {
        same(decided.decision().scope().containsAll(scope()), "scope exceeds the decision");
    }

    private Set<String> audience() {
        return token.getAudience() == null ? Set.of() : new HashSet<>(List.of(token.getAudience()));
    }

    private List<String> scope() {
        String scope = token.getScope();
        return scope == null || scope.isBlank() ? List.of() : List.of(scope.strip().split(" +"));
    }

    private String jkt() {
        return token.getConfirmation() == null ? null : token.getConfirmation().getKeyThumbprint();
    }

    private static void same(boolean holds, String otherwise) throws Refusal {
        if (!holds) {
            throw new Refusal(otherwise);
        }
    }
}

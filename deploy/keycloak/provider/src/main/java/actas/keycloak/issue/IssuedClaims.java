// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import actas.keycloak.ask.CheckedDecision;
import actas.keycloak.ask.ExchangedToken;
import java.util.Map;
import org.keycloak.representations.AccessToken;

/** Writes what the decision says into the token. */
final class IssuedClaims {
    private IssuedClaims() {}

    static void apply(AccessToken token, CheckedDecision decision) throws Refusal {
        token.exp(expiry(token, decision));
        Map<String, Object> others = token.getOtherClaims();
        // It said who may act for the subject with the subject's token; whoever holds this one is the one acting.
        others.remove("may_act");
        if (decision.act() == null) {
            others.remove("act");
        } else {
            others.put("act", decision.act());
        }
        others.put(ExchangedToken.DECISION_ID, decision.decisionId());
        others.put("txn", decision.txn());
    }

    // From iat and not from now, so that exp - iat is never a second more than was decided.
    private static long expiry(AccessToken token, CheckedDecision decision) throws Refusal {
        if (token.getIat() == null) {
            throw new Refusal("the token has no iat");
        }
        long latest = Math.min(token.getIat() + decision.maxLifetimeSeconds(), decision.notAfter());
        Long own = token.getExp();
        // Keycloak means "never" where exp is absent or 0.
        long expiry = own == null || own == 0 ? latest : Math.min(own, latest);
        if (expiry <= token.getIat()) {
            throw new Refusal("the decision leaves no lifetime");
        }
        return expiry;
    }
}

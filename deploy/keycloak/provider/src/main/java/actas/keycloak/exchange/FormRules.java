// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import java.util.List;
import java.util.Set;
import org.keycloak.OAuth2Constants;
import org.keycloak.OAuthErrorException;

/** What is refused without asking, because it leads to a token that no decision would hold for. */
final class FormRules {
    /** RFC 9396, section 5. */
    private static final String INVALID_AUTHORIZATION_DETAILS = "invalid_authorization_details";

    /** Parameters of Keycloak's first version of the exchange: they change the subject after the decision. */
    private static final List<String> OF_OTHER_EXCHANGES =
            List.of(OAuth2Constants.REQUESTED_SUBJECT, OAuth2Constants.REQUESTED_ISSUER, OAuth2Constants.SUBJECT_ISSUER);

    private static final Set<String> ACTOR_TYPES =
            Set.of(OAuth2Constants.ACCESS_TOKEN_TYPE, OAuth2Constants.JWT_TOKEN_TYPE);

    private FormRules() {}

    static void check(ExchangeForm form) throws Refusal {
        for (String name : OF_OTHER_EXCHANGES) {
            if (form.has(name)) {
                throw invalid(name + " is not supported");
            }
        }
        tokenTypes(form);
        // An ID token copies exp before the decision is applied to it, and carries no act.
        if (form.scopes().anyMatch(OAuth2Constants.SCOPE_OPENID::equals)) {
            throw Refusal.notAsked(OAuthErrorException.INVALID_SCOPE, "scope openid is not supported in a token exchange");
        }
        // Keycloak would leave them out of the token, whatever was decided about them.
        if (form.has(ExchangeForm.AUTHORIZATION_DETAILS)) {
            throw Refusal.notAsked(INVALID_AUTHORIZATION_DETAILS, "authorization_details are not supported");
        }
    }

    private static void tokenTypes(ExchangeForm form) throws Refusal {
        // A refresh token would mint new access tokens without a decision.
        if (form.has(OAuth2Constants.REQUESTED_TOKEN_TYPE)
                && !isAccessToken(form, OAuth2Constants.REQUESTED_TOKEN_TYPE)) {
            throw invalid("requested_token_type must be an access token");
        }
        if (!form.has(OAuth2Constants.SUBJECT_TOKEN) || !isAccessToken(form, OAuth2Constants.SUBJECT_TOKEN_TYPE)) {
            throw invalid("subject_token must be an access token");
        }
        if (form.has(OAuth2Constants.ACTOR_TOKEN) != form.has(OAuth2Constants.ACTOR_TOKEN_TYPE)) {
            throw invalid("actor_token and actor_token_type come together");
        }
        if (form.one(OAuth2Constants.ACTOR_TOKEN_TYPE).filter(type -> !ACTOR_TYPES.contains(type)).isPresent()) {
            throw invalid("actor_token must be an access token");
        }
    }

    private static boolean isAccessToken(ExchangeForm form, String parameter) {
        return form.one(parameter).filter(OAuth2Constants.ACCESS_TOKEN_TYPE::equals).isPresent();
    }

    private static Refusal invalid(String description) {
        return Refusal.notAsked(OAuthErrorException.INVALID_REQUEST, description);
    }
}

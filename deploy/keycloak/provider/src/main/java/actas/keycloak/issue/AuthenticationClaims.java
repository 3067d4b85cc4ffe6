// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.keycloak.representations.AccessToken;

/**
 * How the subject was authenticated, as the subject token says. Keycloak's mappers read the live session instead, where
 * a later step-up would turn an old weak token into a strong one.
 */
final class AuthenticationClaims {
    private static final String ACR = "acr";
    private static final String AMR = "amr";
    private static final String AUTH_TIME = "auth_time";

    private AuthenticationClaims() {}

    static void apply(AccessToken token, Map<String, JsonNode> subject) {
        Map<String, Object> others = token.getOtherClaims();
        token.setAcr(null);
        token.setAuth_time(null);
        others.remove(ACR);
        others.remove(AMR);
        others.remove(AUTH_TIME);

        JsonNode acr = subject.get(ACR);
        JsonNode authTime = subject.get(AUTH_TIME);
        if (acr != null && acr.isTextual()) {
            token.setAcr(acr.textValue());
        } else {
            keep(others, ACR, acr);
        }
        if (authTime != null && authTime.isIntegralNumber() && authTime.canConvertToLong()) {
            token.setAuth_time(authTime.longValue());
        } else {
            keep(others, AUTH_TIME, authTime);
        }
        keep(others, AMR, subject.get(AMR));
    }

    // A value of another type than Keycloak's own stays what it is: whether it counts is for policies to say.
    private static void keep(Map<String, Object> others, String name, JsonNode value) {
        if (value != null && !value.isNull()) {
            others.put(name, value);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;

/**
 * Checks the act claim to issue against the subject token's (RFC 8693, section 4.1): a chain may grow by one level, it
 * may never lose or change one.
 */
final class ActCheck {
    private static final Set<String> LEVEL = Set.of("iss", "sub", "act");

    private ActCheck() {}

    /** Returns the claim to issue, or null where none is. */
    static Map<String, Object> check(String subjectClaims, String actJson) throws NoDecision {
        JsonNode inherited = StrictJson.object(subjectClaims).get("act");
        if (actJson.isEmpty()) {
            if (inherited != null) {
                throw new NoDecision(NoDecision.Reason.WRONG_ACT);
            }
            return null;
        }
        JsonNode act = StrictJson.object(actJson);
        boolean sameActorAgain = act.equals(inherited);
        if (!sameActorAgain && !growsByOne(act, inherited)) {
            throw new NoDecision(NoDecision.Reason.WRONG_ACT);
        }
        return StrictJson.map(act);
    }

    private static boolean growsByOne(JsonNode act, JsonNode inherited) {
        JsonNode below = act.get("act");
        boolean sameChain = inherited == null ? below == null : inherited.equals(below);
        return sameChain
                && act.propertyStream().allMatch(member -> LEVEL.contains(member.getKey()))
                && named(act, "iss")
                && named(act, "sub");
    }

    private static boolean named(JsonNode act, String member) {
        JsonNode value = act.get(member);
        return value != null && value.isTextual() && !value.textValue().isBlank();
    }
}

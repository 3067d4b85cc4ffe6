// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/**
 * What the executor hands to the post-processor, in the session of one token request.
 *
 * @param subjectSub the subject token's sub
 * @param subjectClaims acr, amr and auth_time as the verified subject token has them; a claim it lacks is not in the map
 * @param clientId the client that asked for the exchange
 */
public record DecidedExchange(
        CheckedDecision decision, String subjectSub, Map<String, JsonNode> subjectClaims, String clientId) {
    /** Where in the session. */
    public static final String ATTRIBUTE = "actas.exchange";

    public DecidedExchange {
        subjectClaims = Map.copyOf(subjectClaims);
    }
}

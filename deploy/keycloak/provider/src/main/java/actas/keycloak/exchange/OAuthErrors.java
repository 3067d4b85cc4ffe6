// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import actas.decision.v1.Obligation;
import jakarta.ws.rs.core.Response.Status;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.keycloak.OAuthErrorException;

/** A refusal as the token endpoint answers it (RFC 6749, section 5.2; RFC 9470, section 3). */
final class OAuthErrors {
    private static final String STEP_UP = "step-up";
    private static final String ACR_VALUES = "acr_values";
    private static final String MAX_AGE = "max_age";

    private OAuthErrors() {}

    /** A missing step-up is 400 too: 401 says at this endpoint that the client was not authenticated. */
    static Status status(String error) {
        return switch (error) {
            case OAuthErrorException.ACCESS_DENIED -> Status.FORBIDDEN;
            case OAuthErrorException.INVALID_CLIENT -> Status.UNAUTHORIZED;
            default -> Status.BAD_REQUEST;
        };
    }

    static Map<String, Object> body(Refusal refusal) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("error", refusal.error());
        body.put("error_description", refusal.description());
        stepUp(refusal).ifPresent(body::putAll);
        if (!refusal.obligations().isEmpty()) {
            body.put("obligations", refusal.obligations().stream().map(OAuthErrors::member).toList());
        }
        return body;
    }

    private static Map<String, Object> member(Obligation obligation) {
        Map<String, Object> member = new LinkedHashMap<>();
        member.put("type", obligation.getType());
        member.put("id", obligation.getId());
        member.put("properties", JsonValues.map(obligation.getProperties()));
        return member;
    }

    /** The value of WWW-Authenticate. What is quoted was checked to hold no quote, when the decision was read. */
    static Optional<String> challenge(Refusal refusal) {
        return stepUp(refusal)
                .map(wanted -> wanted.entrySet().stream()
                        .map(parameter -> ", " + parameter.getKey() + "=\"" + parameter.getValue() + "\"")
                        .collect(Collectors.joining("", "Bearer error=\"" + refusal.error() + "\"", "")));
    }

    /** acr_values as one string, as they came, and max_age; each only where it is demanded. */
    private static Optional<Map<String, Object>> stepUp(Refusal refusal) {
        return refusal.obligations().stream()
                .filter(obligation -> obligation.getType().equals(STEP_UP))
                .findFirst()
                .map(obligation -> JsonValues.map(obligation.getProperties()))
                .map(properties -> {
                    Map<String, Object> wanted = new LinkedHashMap<>();
                    if (properties.get(ACR_VALUES) instanceof List<?> values) {
                        wanted.put(ACR_VALUES, values.stream().map(String::valueOf).collect(Collectors.joining(" ")));
                    }
                    if (properties.get(MAX_AGE) instanceof Long seconds) {
                        wanted.put(MAX_AGE, seconds);
                    }
                    return wanted;
                });
    }
}

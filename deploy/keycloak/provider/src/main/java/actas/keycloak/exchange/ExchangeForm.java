// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.keycloak.OAuth2Constants;

/** The form of one token request (RFC 8693, section 2.1), as Keycloak itself reads it. */
record ExchangeForm(Map<String, List<String>> parameters) {
    static final String APPROVAL = "approval";
    static final String AUTHORIZATION_DETAILS = "authorization_details";

    /** RFC 6749, section 3.2: each at most once. RFC 8693, section 2.1 allows only audience and resource repeatedly. */
    private static final Set<String> SINGLE = Set.of(
            OAuth2Constants.GRANT_TYPE,
            OAuth2Constants.CLIENT_ID,
            OAuth2Constants.CLIENT_SECRET,
            OAuth2Constants.CLIENT_ASSERTION,
            OAuth2Constants.CLIENT_ASSERTION_TYPE,
            OAuth2Constants.SUBJECT_TOKEN,
            OAuth2Constants.SUBJECT_TOKEN_TYPE,
            OAuth2Constants.ACTOR_TOKEN,
            OAuth2Constants.ACTOR_TOKEN_TYPE,
            OAuth2Constants.REQUESTED_TOKEN_TYPE,
            OAuth2Constants.SCOPE,
            AUTHORIZATION_DETAILS);

    /** A parameter without a value is treated as omitted (RFC 6749, section 3.1). */
    Optional<String> one(String name) {
        return values(name).stream().findFirst().filter(value -> !value.isEmpty());
    }

    boolean has(String name) {
        return one(name).isPresent();
    }

    /** Every value as it came, also an empty one: what is not understood must be seen by those who decide. */
    List<String> values(String name) {
        return parameters.getOrDefault(name, List.of());
    }

    Stream<String> scopes() {
        return one(OAuth2Constants.SCOPE).stream()
                .flatMap(scope -> Stream.of(scope.split(" ")))
                .filter(scope -> !scope.isEmpty());
    }

    List<String> repeated() {
        return SINGLE.stream().filter(name -> values(name).size() > 1).sorted().toList();
    }
}

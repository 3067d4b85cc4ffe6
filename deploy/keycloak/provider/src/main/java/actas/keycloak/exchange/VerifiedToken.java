// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.keycloak.common.util.Base64Url;
import org.keycloak.jose.jws.JWSInput;
import org.keycloak.util.JsonSerialization;

/**
 * A JWT whose signature and time were verified before this was made of it.
 *
 * @param type token type URI of RFC 8693, section 3
 * @param claimsJson the payload as it was signed
 */
record VerifiedToken(String type, JsonNode header, String claimsJson, JsonNode claims) {
    static VerifiedToken of(String type, JWSInput verified) throws IOException {
        return of(type, text(Base64Url.decode(verified.getEncodedHeader())), text(verified.getContent()));
    }

    private static String text(byte[] json) {
        return new String(json, StandardCharsets.UTF_8);
    }

    static VerifiedToken of(String type, String headerJson, String claimsJson) throws IOException {
        JsonNode header = JsonSerialization.mapper.readTree(headerJson);
        return new VerifiedToken(type, header, claimsJson, JsonSerialization.mapper.readTree(claimsJson));
    }

    String sub() {
        return claims.path("sub").asText("");
    }

    String iss() {
        return claims.path("iss").asText("");
    }

    /** Seconds since the epoch. */
    long exp() {
        return claims.path("exp").asLong();
    }

    Optional<String> jkt() {
        return Optional.ofNullable(claims.path("cnf").path("jkt").textValue());
    }

    /** Those of the named claims that the token has. */
    Map<String, JsonNode> claims(String... names) {
        Map<String, JsonNode> present = new HashMap<>();
        for (String name : names) {
            if (claims.has(name)) {
                present.put(name, claims.get(name));
            }
        }
        return present;
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.keycloak.representations.AccessToken;
import org.keycloak.util.JsonSerialization;

/** A step-up in the live session does not make an old token strong. */
class AuthenticationClaimsTest {
    private static JsonNode exchanged(AccessToken token, String subject) throws Exception {
        Map<String, JsonNode> claims = new HashMap<>();
        JsonSerialization.mapper
                .readTree(subject)
                .propertyStream()
                .forEach(claim -> claims.put(claim.getKey(), claim.getValue()));
        AuthenticationClaims.apply(token, claims);
        return Tokens.written(token);
    }

    /** As Keycloak's mappers write it from a session that was stepped up. */
    private static AccessToken strong() {
        AccessToken token = Tokens.token();
        token.setAcr("urn:actas:acr:mfa");
        token.setAuth_time(Tokens.IAT);
        token.getOtherClaims().put("amr", List.of("pwd", "otp"));
        return token;
    }

    @Test
    void the_subject_tokens_own_values_are_issued() throws Exception {
        JsonNode claims = exchanged(strong(), "{\"acr\":\"urn:actas:acr:pwd\",\"auth_time\":1000,\"amr\":[\"pwd\"]}");
        assertEquals("urn:actas:acr:pwd", claims.get("acr").textValue());
        assertEquals(1000, claims.get("auth_time").longValue());
        assertEquals("[\"pwd\"]", claims.get("amr").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"acr", "amr", "auth_time"})
    void what_the_subject_token_lacks_stays_absent(String claim) throws Exception {
        assertFalse(exchanged(strong(), "{}").has(claim));
        assertFalse(exchanged(strong(), "{\"" + claim + "\":null}").has(claim));
    }

    @ParameterizedTest
    @ValueSource(strings = {"acr", "amr", "auth_time"})
    void what_a_mapper_adds_as_another_claim_is_removed(String claim) throws Exception {
        AccessToken token = Tokens.token();
        token.getOtherClaims().put(claim, "forged");
        assertFalse(exchanged(token, "{}").has(claim));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"acr\":2}", "{\"auth_time\":\"soon\"}", "{\"auth_time\":1.5}", "{\"amr\":\"pwd\"}"})
    void a_value_of_another_type_stays_what_it_is(String subject) throws Exception {
        AccessToken token = strong();
        JsonNode claims = exchanged(token, subject);
        JsonNode expected = JsonSerialization.mapper.readTree(subject);
        String name = expected.fieldNames().next();
        assertEquals(expected.get(name), claims.get(name));
        String text = JsonSerialization.writeValueAsString(token);
        assertEquals(text.indexOf("\"" + name + "\""), text.lastIndexOf("\"" + name + "\""), text);
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.keycloak.representations.AccessToken;

/** The token says what the decision says, whatever mappers wrote. */
class IssuedClaimsTest {
    private static JsonNode issued(AccessToken token, Map<String, Object> act) throws Exception {
        IssuedClaims.apply(token, Tokens.decision(60, Tokens.IAT + 200, act, null, Instant.now()));
        return Tokens.written(token);
    }

    @Test
    void act_and_the_links_of_the_chain_are_written() throws Exception {
        JsonNode claims = issued(Tokens.token(), Map.of("iss", "i", "sub", "agent-b", "act", Tokens.ACT));
        assertEquals("agent-a", claims.at("/act/act/sub").textValue());
        assertEquals("id-1", claims.get("decision_id").textValue());
        assertEquals("txn-1", claims.get("txn").textValue());
    }

    @Test
    void what_mappers_wrote_there_is_overwritten() throws Exception {
        AccessToken token = Tokens.token();
        for (String claim : new String[] {"act", "decision_id", "txn", "may_act"}) {
            token.getOtherClaims().put(claim, "forged");
        }
        JsonNode claims = issued(token, Tokens.ACT);
        assertFalse(claims.toString().contains("forged"), claims.toString());
        assertFalse(claims.has("may_act"));
    }

    @Test
    void without_act_in_the_decision_the_token_has_none() throws Exception {
        AccessToken token = Tokens.token();
        token.getOtherClaims().put("act", Tokens.ACT);
        assertFalse(issued(token, null).has("act"));
    }

    /** Seconds after iat: Keycloak's own exp, the longest lifetime, not_after, and the exp to issue. */
    @ParameterizedTest
    @CsvSource({"300, 60, 200, 60", "300, 600, 200, 200", "30, 60, 200, 30", "300, 60, 1, 1"})
    void the_token_ends_at_the_earliest(long own, long lifetime, long notAfter, long exp) throws Exception {
        AccessToken token = Tokens.token();
        token.exp(Tokens.IAT + own);
        IssuedClaims.apply(token, Tokens.decision(lifetime, Tokens.IAT + notAfter, null, null, Instant.now()));
        assertEquals(Tokens.IAT + exp, token.getExp());
    }

    @ParameterizedTest
    @CsvSource(nullValues = "absent", value = {"absent", "0"})
    void a_token_without_end_gets_one(Long own) throws Exception {
        AccessToken token = Tokens.token();
        token.exp(own);
        issued(token, null);
        assertEquals(Tokens.IAT + 60, token.getExp());
    }

    @Test
    void a_token_that_would_have_no_lifetime_is_refused() {
        var over = Tokens.decision(60, Tokens.IAT, null, null, Instant.now());
        assertThrows(Refusal.class, () -> IssuedClaims.apply(Tokens.token(), over));
    }

    @Test
    void a_token_without_iat_is_refused() {
        AccessToken token = Tokens.token();
        token.iat(null);
        assertThrows(Refusal.class, () -> issued(token, null));
    }
}

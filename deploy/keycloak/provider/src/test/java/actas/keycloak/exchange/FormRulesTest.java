// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A request that leads to a token no decision holds for is refused before Actas is asked. */
class FormRulesTest {
    private static final String TYPE = "urn:ietf:params:oauth:token-type:";

    private static Refusal refused(String... changes) {
        Refusal refusal = assertThrows(Refusal.class, () -> FormRules.check(Forms.with(changes)));
        assertEquals(List.of("NOT_ASKED"), refusal.codes());
        return refusal;
    }

    @Test
    void aCompleteRequestPasses() {
        assertDoesNotThrow(() -> FormRules.check(Forms.complete()));
        assertDoesNotThrow(() -> FormRules.check(Forms.with("requested_token_type", Forms.ACCESS_TOKEN)));
        assertDoesNotThrow(() -> FormRules.check(Forms.with("actor_token", null, "actor_token_type", null)));
        assertDoesNotThrow(() -> FormRules.check(Forms.with("actor_token_type", TYPE + "jwt")));
        assertDoesNotThrow(() -> FormRules.check(Forms.with("scope", "openid:read notopenid")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"refresh_token", "id_token", "saml2", "jwt", "ACCESS_TOKEN"})
    void onlyAnAccessTokenIsIssued(String type) {
        assertEquals("invalid_request", refused("requested_token_type", TYPE + type).error());
    }

    @ParameterizedTest
    @ValueSource(strings = {"refresh_token", "id_token", "saml2", "jwt", "saml1"})
    void onlyAnAccessTokenIsExchanged(String type) {
        assertEquals("subject_token must be an access token", refused("subject_token_type", TYPE + type).description());
    }

    @Test
    void theSubjectTokenAndItsTypeAreRequired() {
        assertEquals("invalid_request", refused("subject_token", null).error());
        assertEquals("invalid_request", refused("subject_token", "").error());
        assertEquals("invalid_request", refused("subject_token_type", null).error());
    }

    @Test
    void actorTokenAndItsTypeComeTogether() {
        assertEquals("actor_token and actor_token_type come together", refused("actor_token", null).description());
        assertEquals("actor_token and actor_token_type come together", refused("actor_token_type", null).description());
        assertEquals("actor_token must be an access token", refused("actor_token_type", TYPE + "id_token").description());
    }

    @ParameterizedTest
    @CsvSource({
        "scope, openid, invalid_scope",
        "scope, orders:read openid, invalid_scope",
        "authorization_details, [], invalid_authorization_details",
        "requested_subject, bob, invalid_request",
        "requested_issuer, github, invalid_request",
        "subject_issuer, github, invalid_request"
    })
    void whatNoDecisionHoldsForIsRefused(String parameter, String value, String error) {
        assertEquals(error, refused(parameter, value).error());
    }
}

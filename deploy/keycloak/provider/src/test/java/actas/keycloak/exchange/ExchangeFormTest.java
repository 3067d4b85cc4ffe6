// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The form is read as it came. */
class ExchangeFormTest {
    @Test
    void aParameterWithoutAValueIsOmitted() {
        ExchangeForm form = Forms.with("actor_token", "", "scope", null);
        assertFalse(form.has("actor_token"));
        assertFalse(form.has("scope"));
        assertFalse(form.has("never_sent"));
        assertTrue(form.has("subject_token"));
    }

    @Test
    void repeatedParametersAreNamedAndAudiencesMayBeSeveral() {
        ExchangeForm form = Forms.with("scope", "a", "scope", "b", "actor_token", "x", "actor_token", "x", "audience", "a",
                "audience", "b", "resource", "https://a/", "resource", "https://b/", "approval", "x", "approval", "y");
        assertEquals(List.of("actor_token", "scope"), form.repeated());
        assertEquals(List.of("a", "b"), form.values("audience"));
        assertEquals(List.of(), Forms.complete().repeated());
    }

    @Test
    void scopesAreSeparatedBySpacesOnly() {
        assertEquals(List.of("a", "b\tc"), Forms.with("scope", " a  b\tc ").scopes().toList());
        assertEquals(List.of(), Forms.with("scope", null).scopes().toList());
    }
}

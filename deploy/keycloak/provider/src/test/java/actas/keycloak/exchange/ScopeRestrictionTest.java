// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What Keycloak may use of the scopes is never more than was decided, nor than it was before. */
class ScopeRestrictionTest {
    private static final EffectiveScopes SCOPES = new EffectiveScopes(
            Set.of("orders:read", "orders:write"),
            Set.of("basic", "acr"),
            Set.of("orders:read", "orders:write", "basic", "acr", "roles"));

    private static Set<String> set(String... names) {
        Set<String> set = new HashSet<>();
        for (String name : names) {
            set.add(name);
        }
        return set;
    }

    @Test
    void refusedScopesAreLeftOutAndUnlistedDefaultsStay() {
        assertEquals(
                set("orders:read", "basic", "acr", "client"),
                ScopeRestriction.of(Set.of("orders:read"), null, SCOPES, "client"));
    }

    @Test
    void aClientWithoutANameKeepsItsOwnMappers() {
        assertEquals(set("basic", "acr", null), ScopeRestriction.of(Set.of(), null, SCOPES, null));
    }

    @Test
    void scopesThatWereNotAskedForAreNotAdded() {
        assertFalse(ScopeRestriction.of(Set.of("orders:delete"), null, SCOPES, null).contains("orders:delete"));
    }

    @Test
    void anotherExecutorsRestrictionIsNeverWidened() {
        Set<String> existing = Set.of("orders:write", "basic", "elsewhere");
        assertEquals(
                set("basic"), ScopeRestriction.of(Set.of("orders:read"), existing, SCOPES, "client"));
    }

    @Test
    void aRestrictionThatKnowsNoNullIsReadAllTheSame() {
        assertEquals(
                set("basic"), ScopeRestriction.of(Set.of("orders:read"), Set.of("orders:write", "basic"), SCOPES, null));
    }

    @Test
    void aClientNamedLikeAScopeDoesNotLetThatScopeIn() {
        for (String name : Set.of("orders:write", "roles")) {
            assertEquals(
                    set("orders:read", "basic", "acr"),
                    ScopeRestriction.of(Set.of("orders:read"), null, SCOPES, name));
        }
    }

    @Test
    void theQuestionNamesTheListedScopesInAFixedOrder() {
        assertEquals("orders:read orders:write", SCOPES.text());
    }
}

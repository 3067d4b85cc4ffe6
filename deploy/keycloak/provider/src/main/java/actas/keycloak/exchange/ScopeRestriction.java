// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import java.util.HashSet;
import java.util.Set;

/** The names that Keycloak may use of the effective scopes, after a decision. */
final class ScopeRestriction {
    private ScopeRestriction() {}

    /**
     * @param decided the scope that was decided
     * @param existing what another executor left over, or null; never widened
     * @param clientName display name of the client, or null: Keycloak compares it as if it were a scope's name
     */
    static Set<String> of(Set<String> decided, Set<String> existing, EffectiveScopes scopes, String clientName) {
        // May hold null, the name of most clients: without it the client's own mappers would not run.
        Set<String> allowed = new HashSet<>(scopes.inToken());
        allowed.retainAll(decided);
        allowed.addAll(scopes.unlisted());
        // A client that is named like a scope would let that scope in, although it was refused.
        if (clientName == null || !scopes.all().contains(clientName)) {
            allowed.add(clientName);
        }
        if (existing != null) {
            // A copy, because some sets throw when they are asked about null.
            allowed.retainAll(new HashSet<>(existing));
        }
        return allowed;
    }
}

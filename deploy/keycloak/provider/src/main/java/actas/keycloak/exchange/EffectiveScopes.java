// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.keycloak.models.ClientModel;
import org.keycloak.models.ClientScopeModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.UserModel;
import org.keycloak.protocol.oidc.TokenManager;

/**
 * The client scopes that Keycloak would put into effect: the client's default ones, and the optional ones asked for.
 *
 * @param inToken names of those that the token's scope claim lists; Actas decides about these
 * @param unlisted names of default ones that it does not list, such as basic, which writes sub
 * @param all names of all of them, without the client itself, which Keycloak counts as a scope of its own
 */
record EffectiveScopes(Set<String> inToken, Set<String> unlisted, Set<String> all) {
    static EffectiveScopes of(KeycloakSession session, String requested, ClientModel client, UserModel user) {
        List<ClientScopeModel> scopes = TokenManager.getRequestedClientScopes(session, requested, client, user)
                .filter(scope -> !(scope instanceof ClientModel))
                .toList();
        // An optional scope that no token lists cannot be decided about, whatever roles it brings: it is left out.
        Set<String> defaults = client.getClientScopes(true).keySet();
        return new EffectiveScopes(
                names(scopes, ClientScopeModel::isIncludeInTokenScope),
                names(scopes, scope -> !scope.isIncludeInTokenScope() && defaults.contains(scope.getName())),
                names(scopes, scope -> true));
    }

    private static Set<String> names(List<ClientScopeModel> scopes, Predicate<ClientScopeModel> wanted) {
        return scopes.stream().filter(wanted).map(ClientScopeModel::getName).collect(Collectors.toUnmodifiableSet());
    }

    /** RFC 6749, section 3.3; in a fixed order, so that the same request asks the same question. */
    String text() {
        return inToken.stream().sorted().collect(Collectors.joining(" "));
    }
}

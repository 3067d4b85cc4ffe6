// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import actas.keycloak.ask.ExchangedToken;
import java.io.IOException;
import java.util.Optional;
import org.keycloak.jose.jws.JWSInput;
import org.keycloak.jose.jws.JWSInputException;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.UserModel;
import org.keycloak.models.utils.KeycloakModelUtils;
import org.keycloak.protocol.oidc.TokenExchangeContext;
import org.keycloak.representations.AccessToken;
import org.keycloak.services.managers.AuthenticationManager;
import org.keycloak.services.managers.AuthenticationManager.AuthResult;

/** Verifies an access token of this realm with the call that Keycloak's own exchange makes. */
final class TokenVerification {
    private final KeycloakSession session;
    private final TokenExchangeContext exchange;
    private final boolean reportOnly;

    /** @param reportOnly whether the realm issues tokens without a decision */
    TokenVerification(KeycloakSession session, TokenExchangeContext exchange, boolean reportOnly) {
        this.session = session;
        this.exchange = exchange;
        this.reportOnly = reportOnly;
    }

    /** A token and whom it is about. */
    record Verified(VerifiedToken token, UserModel user) {}

    /** Empty for whatever is not a valid access token of this realm. */
    Optional<Verified> verify(String type, String raw) {
        try {
            JWSInput jws = new JWSInput(raw);
            // Keycloak's verifier takes both for granted.
            if (jws.getHeader() == null || jws.getHeader().getAlgorithm() == null) {
                return Optional.empty();
            }
            String userId = userOf(raw);
            UserModel user = userId == null ? null : session.users().getUserById(exchange.getRealm(), userId);
            if (user == null) {
                return Optional.empty();
            }
            return Optional.of(new Verified(VerifiedToken.of(type, jws), user));
        } catch (JWSInputException | IOException malformed) {
            return Optional.empty();
        }
    }

    /**
     * Returns the id of the user whose valid token this is, or null.
     *
     * <p>In a session of its own, because the verification leaves its traces in the one that it is given: the token's client
     * becomes the client of the request, and a token that was exchanged before gets a second user session that begins now.
     * Keycloak's own verification would find that one, take the token for stale, and log the user out.
     */
    private String userOf(String raw) {
        return KeycloakModelUtils.runJobInTransactionWithResult(
                session.getKeycloakSessionFactory(), session.getContext(), own -> userOf(own, raw), "Actas verifies a token");
    }

    private String userOf(KeycloakSession own, String raw) {
        own.getContext().setConnection(exchange.getClientConnection());
        AuthResult result = AuthenticationManager.verifyIdentityToken(
                own,
                own.getContext().getRealm(),
                session.getContext().getUri(),
                exchange.getClientConnection(),
                true,
                true,
                null,
                false,
                raw,
                exchange.getHeaders(),
                verifier -> {});
        if (result == null || (!reportOnly && isUnaccountedFor(own, result.token()))) {
            return null;
        }
        return result.user().getId();
    }

    /** Made of another token without a decision: by introspection, which signs anew, or by UMA, which adds audiences. */
    private static boolean isUnaccountedFor(KeycloakSession own, AccessToken token) {
        return token.getAuthorization() != null || ExchangedToken.of(own, token).withoutDecision();
    }
}

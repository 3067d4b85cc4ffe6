// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import jakarta.ws.rs.core.HttpHeaders;
import java.util.Map;
import org.keycloak.events.Details;
import org.keycloak.models.ClientModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.protocol.oidc.OIDCLoginProtocol;
import org.keycloak.protocol.oidc.TokenExchangeContext;
import org.keycloak.representations.dpop.DPoP;
import org.keycloak.services.util.DPoPUtil;

/**
 * The client that calls the token endpoint.
 *
 * @param authenticator id of Keycloak's client authenticator that succeeded in this request, or empty
 * @param proofJkt thumbprint of the key that the client proved with DPoP, or empty
 */
record Caller(String clientId, boolean confidential, String authenticator, String authMethod, String proofJkt) {
    /** Keycloak's names for what has a name (RFC 8414, section 2; RFC 8705, section 2); others stay as they are. */
    private static final Map<String, String> METHODS = Map.of(
            "client-jwt", OIDCLoginProtocol.PRIVATE_KEY_JWT,
            "client-secret-jwt", OIDCLoginProtocol.CLIENT_SECRET_JWT,
            "client-x509", OIDCLoginProtocol.TLS_CLIENT_AUTH);

    static Caller of(KeycloakSession session, TokenExchangeContext exchange) {
        ClientModel client = exchange.getClient();
        String authenticator = authenticator(exchange);
        DPoP proof = session.getAttribute(DPoPUtil.DPOP_SESSION_ATTRIBUTE, DPoP.class);
        return new Caller(
                client.getClientId(),
                // Nobody authenticates a public client: whoever knows its name is it.
                !client.isPublicClient(),
                authenticator,
                client.isPublicClient() ? "none" : method(authenticator, exchange.getHeaders()),
                proof == null ? "" : proof.getThumbprint());
    }

    /** Written by the client authentication flow when it succeeds, and from nothing that a client sends. */
    private static String authenticator(TokenExchangeContext exchange) {
        Map<String, String> details = exchange.getEvent().getEvent().getDetails();
        return details == null ? "" : details.getOrDefault(Details.CLIENT_AUTH_METHOD, "");
    }

    private static String method(String authenticator, HttpHeaders headers) {
        if (authenticator.equals("client-secret")) {
            return headers.getHeaderString(HttpHeaders.AUTHORIZATION) == null
                    ? OIDCLoginProtocol.CLIENT_SECRET_POST
                    : OIDCLoginProtocol.CLIENT_SECRET_BASIC;
        }
        return METHODS.getOrDefault(authenticator, authenticator);
    }
}

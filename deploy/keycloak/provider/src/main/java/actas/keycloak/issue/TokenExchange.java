// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import jakarta.ws.rs.core.MultivaluedMap;
import java.util.List;
import org.keycloak.OAuth2Constants;
import org.keycloak.http.HttpRequest;
import org.keycloak.models.ClientSessionContext;
import org.keycloak.models.Constants;

/** Whether a token is made for a token exchange (RFC 8693). */
final class TokenExchange {
    private TokenExchange() {}

    // Not every kind of exchange in Keycloak marks the session, so that the form is read as well.
    static boolean isAsked(HttpRequest request, ClientSessionContext context) {
        return marked(context) || posted(request);
    }

    private static boolean marked(ClientSessionContext context) {
        return context != null
                && OAuth2Constants.TOKEN_EXCHANGE_GRANT_TYPE.equals(
                        context.getAttribute(Constants.GRANT_TYPE, String.class));
    }

    private static boolean posted(HttpRequest request) {
        return values(request, OAuth2Constants.GRANT_TYPE).contains(OAuth2Constants.TOKEN_EXCHANGE_GRANT_TYPE);
    }

    /** Every value of a parameter of the form; none where no form was sent. */
    static List<String> values(HttpRequest request, String parameter) {
        MultivaluedMap<String, String> form = request == null ? null : request.getDecodedFormParameters();
        return form == null ? List.of() : form.getOrDefault(parameter, List.of());
    }
}

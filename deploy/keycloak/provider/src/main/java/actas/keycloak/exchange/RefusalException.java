// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.keycloak.services.CorsErrorResponseException;
import org.keycloak.services.cors.Cors;

/** An OAuth error with more than Keycloak's two members: what the client must obtain before it tries again. */
final class RefusalException extends CorsErrorResponseException {
    private static final long serialVersionUID = 1L;

    private final transient Cors cors;
    private final transient Refusal refusal;

    RefusalException(Cors cors, Refusal refusal) {
        super(cors, refusal.error(), refusal.description(), OAuthErrors.status(refusal.error()));
        this.cors = cors;
        this.refusal = refusal;
    }

    /** Cache-Control is not set here: Keycloak has it on every answer of the token endpoint. */
    @Override
    public Response getResponse() {
        Response.ResponseBuilder answer = Response.status(OAuthErrors.status(refusal.error()))
                .entity(OAuthErrors.body(refusal))
                .type(MediaType.APPLICATION_JSON_TYPE);
        OAuthErrors.challenge(refusal).ifPresent(challenge -> answer.header(HttpHeaders.WWW_AUTHENTICATE, challenge));
        return cors.add(answer);
    }
}

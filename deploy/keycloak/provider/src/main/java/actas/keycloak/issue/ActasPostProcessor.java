// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import actas.keycloak.ask.Actas;
import actas.keycloak.ask.DecidedExchange;
import actas.keycloak.ask.ExchangedToken;
import actas.keycloak.ask.OutcomeReport;
import jakarta.ws.rs.core.Response.Status;
import java.time.Instant;
import org.keycloak.OAuthErrorException;
import org.keycloak.events.EventType;
import org.keycloak.models.KeycloakContext;
import org.keycloak.models.KeycloakSession;
import org.keycloak.protocol.oidc.token.TokenInterceptorException;
import org.keycloak.protocol.oidc.token.TokenPostProcessor;
import org.keycloak.protocol.oidc.token.TokenPostProcessorContext;
import org.keycloak.representations.AccessToken;
import org.keycloak.services.ErrorResponseException;

/**
 * Sees every token before it is signed, and lets one of an exchange pass only as it was decided. No setting of a realm
 * reaches it: where the realm's policy was switched off, there is no decision, and so no token.
 */
final class ActasPostProcessor implements TokenPostProcessor {
    private static final String NOT_ASKED = "NOT_ASKED";
    private static final String CLAIM_TOKEN = "claim_token";

    private final KeycloakSession session;
    private final Actas actas;

    ActasPostProcessor(KeycloakSession session, Actas actas) {
        this.session = session;
        this.actas = actas;
    }

    @Override
    public void process(TokenPostProcessorContext context) {
        String realm = session.getContext().getRealm().getName();
        if (TokenExchange.isAsked(session.getContext().getHttpRequest(), context.clientSessionCtx())) {
            exchange(context, realm);
        } else if (isGrantedFor(session.getContext())) {
            otherGrant(realm);
        }
    }

    /** Whether an exchanged token authorizes this other grant: as the bearer, or as the claim token of UMA. */
    private boolean isGrantedFor(KeycloakContext context) {
        if (context.getBearerToken() instanceof AccessToken bearer && ExchangedToken.of(session, bearer).exchanged()) {
            return true;
        }
        return TokenExchange.values(context.getHttpRequest(), CLAIM_TOKEN).stream()
                .anyMatch(token -> ExchangedToken.isExchanged(session, token));
    }

    private void exchange(TokenPostProcessorContext context, String realm) {
        // Removed before anything else: a decision is used once.
        DecidedExchange decided =
                session.removeAttribute(DecidedExchange.ATTRIBUTE) instanceof DecidedExchange exchange ? exchange : null;
        if (actas.reportOnly(realm)) {
            report(context, decided, realm);
            return;
        }
        try {
            issue(context, decided);
            OutcomeReport.issued(session, context.accessToken().getId());
        } catch (Refusal refusal) {
            RefusalEvent.send(session, EventType.TOKEN_EXCHANGE, refusal, decided);
            throw new TokenInterceptorException(OAuthErrorException.ACCESS_DENIED, refusal.getMessage());
        }
    }

    /** The token that authorizes the request came of an exchange, and the grant is another, as that of UMA. */
    private void otherGrant(String realm) {
        if (actas.reportOnly(realm)) {
            actas.reported(realm, NOT_ASKED);
            return;
        }
        Refusal refusal = new Refusal("an exchanged token is good for a token exchange only");
        RefusalEvent.send(session, EventType.PERMISSION_TOKEN, refusal, null);
        // The grant of UMA would make a server error of anything else.
        throw new ErrorResponseException(OAuthErrorException.ACCESS_DENIED, refusal.getMessage(), Status.FORBIDDEN);
    }

    /** The token stays as Keycloak made it. What the executor refused, it has reported itself. */
    private void report(TokenPostProcessorContext context, DecidedExchange decided, String realm) {
        if (decided == null) {
            if (!Actas.wasAsked(session)) {
                actas.reported(realm, NOT_ASKED);
            }
            return;
        }
        try {
            TokenCheck.checkWithoutScope(context, decided, Instant.now());
        } catch (Refusal refusal) {
            actas.reported(realm, "TOKEN_NOT_AS_DECIDED");
        }
    }

    private static void issue(TokenPostProcessorContext context, DecidedExchange decided) throws Refusal {
        if (decided == null) {
            throw new Refusal("no policy decision");
        }
        TokenCheck.check(context, decided, Instant.now());
        IssuedClaims.apply(context.accessToken(), decided.decision());
        AuthenticationClaims.apply(context.accessToken(), decided.subjectClaims());
    }
}

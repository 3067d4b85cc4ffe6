// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import actas.keycloak.ask.Actas;
import java.util.Arrays;
import org.jboss.logging.Logger;
import org.keycloak.models.KeycloakSession;
import org.keycloak.protocol.oidc.TokenExchangeContext;
import org.keycloak.representations.idm.ClientPolicyExecutorConfigurationRepresentation;
import org.keycloak.services.clientpolicy.ClientPolicyContext;
import org.keycloak.services.clientpolicy.ClientPolicyException;
import org.keycloak.services.clientpolicy.context.TokenExchangeRequestContext;
import org.keycloak.services.clientpolicy.executor.ClientPolicyExecutorProvider;

/** Has Actas decide a token exchange before Keycloak performs it; whatever goes wrong is a refusal. */
public final class ActasExecutor implements ClientPolicyExecutorProvider<ClientPolicyExecutorConfigurationRepresentation> {
    private static final Logger LOG = Logger.getLogger(ActasExecutor.class);

    /** By name, since other versions of Keycloak have other events. */
    private static final String TOKEN_EXCHANGE_REQUEST = "TOKEN_EXCHANGE_REQUEST";

    private final KeycloakSession session;

    ActasExecutor(KeycloakSession session) {
        this.session = session;
    }

    @Override
    public String getProviderId() {
        return ActasExecutorFactory.PROVIDER_ID;
    }

    @Override
    public void executeOnEvent(ClientPolicyContext context) throws ClientPolicyException {
        if (!context.getEvent().name().equals(TOKEN_EXCHANGE_REQUEST)) {
            return;
        }
        TokenExchangeContext exchange = ((TokenExchangeRequestContext) context).getTokenExchangeContext();
        ExchangeEvents events = new ExchangeEvents(exchange.getEvent());
        Actas actas = Actas.of(session);
        boolean reportOnly = actas.reportOnly(exchange.getRealm().getName());
        try {
            Exchange decided = decide(actas, exchange, events);
            decided.handOver();
            if (!reportOnly) {
                decided.promiseOutcome(actas);
                decided.narrow();
            }
        } catch (Refusal refusal) {
            events.refused(refusal);
            if (!reportOnly) {
                throw refuse(exchange, events, refusal);
            }
            refusal.codes().forEach(code -> actas.reported(exchange.getRealm().getName(), code));
        }
        if (reportOnly) {
            events.reported();
        }
    }

    private Exchange decide(Actas actas, TokenExchangeContext exchange, ExchangeEvents events) throws Refusal {
        try {
            return Exchange.decide(session, actas, exchange, events);
        } catch (RuntimeException failure) {
            // Its class only: a message may quote what a client sent.
            LOG.errorf("Token exchange without a decision: %s at %s", failure.getClass().getName(), place(failure));
            events.noDecision("INTERNAL");
            throw Refusal.noDecision();
        }
    }

    private static String place(RuntimeException failure) {
        return Arrays.stream(failure.getStackTrace())
                .findFirst()
                .map(StackTraceElement::toString)
                .orElse("an unknown place");
    }

    /** Keycloak turns a ClientPolicyException into an error of two members; whatever says more is thrown past it. */
    private static ClientPolicyException refuse(TokenExchangeContext exchange, ExchangeEvents events, Refusal refusal) {
        if (refusal.obligations().isEmpty()) {
            return new ClientPolicyException(refusal.error(), refusal.description(), OAuthErrors.status(refusal.error()));
        }
        events.error(refusal);
        throw new RefusalException(exchange.getCors(), refusal);
    }
}

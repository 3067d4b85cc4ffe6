// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import actas.keycloak.ask.DecidedExchange;
import actas.keycloak.ask.ExchangedToken;
import org.keycloak.OAuthErrorException;
import org.keycloak.events.Details;
import org.keycloak.events.EventBuilder;
import org.keycloak.events.EventType;
import org.keycloak.models.KeycloakContext;
import org.keycloak.models.KeycloakSession;

/** Keycloak writes no event for what a post-processor refuses, so this one does. */
final class RefusalEvent {
    private RefusalEvent() {}

    static void send(KeycloakSession session, EventType type, Refusal refusal, DecidedExchange decided) {
        KeycloakContext context = session.getContext();
        EventBuilder event = new EventBuilder(context.getRealm(), session, context.getConnection())
                .event(type)
                .client(context.getClient())
                .detail(Details.REASON, refusal.getMessage());
        if (decided != null) {
            event.detail(ExchangedToken.DECISION_ID, decided.decision().decisionId());
        }
        event.error(OAuthErrorException.ACCESS_DENIED);
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import actas.keycloak.ask.CheckedDecision;
import org.keycloak.events.Details;
import org.keycloak.events.EventBuilder;
import org.keycloak.representations.JsonWebToken;

/** What Keycloak's event of the exchange says about the decision. Never a token, nor anything that a client wrote. */
final class ExchangeEvents {
    static final String DECISION_ID = "decision_id";
    static final String CODES = "actas_codes";
    static final String DESCRIPTION = "actas_description";
    static final String NO_DECISION = "actas_no_decision";
    static final String REPORT_ONLY = "actas_report_only";

    private final EventBuilder event;

    ExchangeEvents(EventBuilder event) {
        this.event = event;
    }

    /** A refusal ends the request before Keycloak itself would write whom it is about. */
    void subject(TokenVerification.Verified subject) {
        event.user(subject.user())
                .detail(Details.USERNAME, subject.user().getUsername())
                .detail(Details.SUBJECT_TOKEN_CLIENT_ID, subject.token().claims().path(JsonWebToken.AZP).asText());
    }

    void decided(CheckedDecision decision) {
        event.detail(DECISION_ID, decision.decisionId());
    }

    void noDecision(String reason) {
        event.detail(NO_DECISION, reason);
    }

    void refused(Refusal refusal) {
        event.detail(CODES, String.join(",", refusal.codes())).detail(DESCRIPTION, refusal.description());
    }

    /** The token is issued all the same: the realm only reports. */
    void reported() {
        event.detail(REPORT_ONLY, "true");
    }

    /** What Keycloak writes where it catches a ClientPolicyException, for those that it does not catch. */
    void error(Refusal refusal) {
        event.detail(Details.REASON, Details.CLIENT_POLICY_ERROR)
                .detail(Details.CLIENT_POLICY_ERROR, refusal.error())
                .detail(Details.CLIENT_POLICY_ERROR_DETAIL, refusal.description())
                .error(refusal.error());
    }
}

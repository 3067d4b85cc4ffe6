// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import org.keycloak.models.AbstractKeycloakTransaction;
import org.keycloak.models.KeycloakSession;

/** What became of one allowed exchange: reported when its token request has ended, whichever way. */
public final class OutcomeReport extends AbstractKeycloakTransaction {
    private static final String ATTRIBUTE = "actas.outcome";

    private final Actas actas;
    private final String decisionId;
    private String jti;

    OutcomeReport(Actas actas, String decisionId) {
        this.actas = actas;
        this.decisionId = decisionId;
    }

    /** Sees to it that the outcome of this decision is reported after the transaction of the session. */
    public static void promise(KeycloakSession session, Actas actas, CheckedDecision decision) {
        OutcomeReport report = new OutcomeReport(actas, decision.decisionId());
        session.setAttribute(ATTRIBUTE, report);
        session.getTransactionManager().enlistAfterCompletion(report);
    }

    /** A token of this name is issued on the session's decision. */
    public static void issued(KeycloakSession session, String jti) {
        if (session.removeAttribute(ATTRIBUTE) instanceof OutcomeReport report) {
            report.issued(jti);
        }
    }

    void issued(String name) {
        jti = name;
    }

    @Override
    protected void commitImpl() {
        actas.report(decisionId, jti);
    }

    @Override
    protected void rollbackImpl() {
        actas.report(decisionId, null);
    }
}

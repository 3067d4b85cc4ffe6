// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import actas.decision.v1.Denial;
import actas.decision.v1.Obligation;
import actas.keycloak.ask.CheckedDecision;
import java.util.List;
import org.keycloak.OAuthErrorException;

/** An exchange that must not happen: the OAuth error for the client, and the codes for the realm's own records. */
final class Refusal extends Exception {
    /** Actas was not asked, because the request cannot be right. */
    static final String NOT_ASKED = "NOT_ASKED";

    static final String NO_DECISION = "NO_DECISION";

    private static final long serialVersionUID = 1L;

    private final String error;
    private final String description;
    private final transient List<String> codes;
    private final transient List<Obligation> obligations;

    private Refusal(String error, String description, List<String> codes, List<Obligation> obligations) {
        super(error, null, false, false);
        this.error = error;
        this.description = description;
        this.codes = codes;
        this.obligations = obligations;
    }

    static Refusal notAsked(String error, String description) {
        return new Refusal(error, description, List.of(NOT_ASKED), List.of());
    }

    /** Why there is none is for the realm's records; the client could use it to time an attack. */
    static Refusal noDecision() {
        return new Refusal(OAuthErrorException.ACCESS_DENIED, "no decision", List.of(NO_DECISION), List.of());
    }

    static Refusal denied(CheckedDecision decision) {
        return new Refusal(
                decision.error(),
                decision.errorDescription(),
                decision.denials().stream().map(Denial::getCode).toList(),
                decision.obligations());
    }

    String error() {
        return error;
    }

    String description() {
        return description;
    }

    List<String> codes() {
        return codes;
    }

    List<Obligation> obligations() {
        return obligations;
    }
}

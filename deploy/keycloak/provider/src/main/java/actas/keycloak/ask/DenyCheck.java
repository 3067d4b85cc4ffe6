// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static actas.keycloak.ask.AnswerCheck.need;

import actas.decision.v1.Decision;
import java.time.Instant;
import java.util.Set;
import java.util.regex.Pattern;

/** Checks that a deny can be answered as it is: nothing in it may break out of a header or a log line. */
final class DenyCheck {
    // RFC 6749, section 5.2.
    private static final Pattern TEXT = Pattern.compile("[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+");
    private static final Pattern CODE = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

    private DenyCheck() {}

    static CheckedDecision check(Decision decision, Instant validUntil) throws NoDecision {
        need(TEXT.matcher(decision.getError()).matches());
        need(TEXT.matcher(decision.getErrorDescription()).matches());
        need(decision.getDenialsCount() > 0);
        need(decision.getDenialsList().stream().allMatch(denial -> CODE.matcher(denial.getCode()).matches()));
        need(!decision.hasLimits() && !decision.hasIssueClaims());
        return new CheckedDecision(
                decision.getDecisionId(),
                false,
                decision.getError(),
                decision.getErrorDescription(),
                decision.getDenialsList(),
                decision.getObligationsList(),
                Set.of(),
                Set.of(),
                0,
                0,
                null,
                "",
                null,
                "",
                validUntil);
    }
}

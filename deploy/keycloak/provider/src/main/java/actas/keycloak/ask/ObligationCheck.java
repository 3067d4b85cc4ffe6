// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static actas.keycloak.ask.AnswerCheck.need;

import actas.decision.v1.Obligation;
import actas.keycloak.ask.NoDecision.Reason;
import com.google.protobuf.Value;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Knows the two obligations that can be put to a client, and that their values fit a header. */
final class ObligationCheck {
    private static final Set<String> KNOWN = Set.of("step-up", "approval");
    private static final Pattern ACR = Pattern.compile("[\\x21\\x23-\\x5B\\x5D-\\x7E]+");

    private ObligationCheck() {}

    static void check(List<Obligation> obligations) throws NoDecision {
        for (Obligation obligation : obligations) {
            if (!KNOWN.contains(obligation.getType())) {
                throw new NoDecision(Reason.UNKNOWN_OBLIGATION);
            }
            if (obligation.getType().equals("step-up")) {
                stepUp(obligation);
            }
        }
    }

    /** RFC 9470, section 3. */
    private static void stepUp(Obligation obligation) throws NoDecision {
        Value acrValues = obligation.getProperties().getFieldsOrDefault("acr_values", null);
        Value maxAge = obligation.getProperties().getFieldsOrDefault("max_age", null);
        need(acrValues != null || maxAge != null);
        if (acrValues != null) {
            need(acrValues.hasListValue() && acrValues.getListValue().getValuesCount() > 0);
            need(acrValues.getListValue().getValuesList().stream()
                    .allMatch(value -> ACR.matcher(value.getStringValue()).matches()));
        }
        if (maxAge != null) {
            double seconds = maxAge.getNumberValue();
            need(maxAge.hasNumberValue() && seconds >= 0 && seconds <= Integer.MAX_VALUE && seconds == Math.rint(seconds));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static actas.keycloak.ask.Answers.allow;
import static actas.keycloak.ask.Answers.at;
import static actas.keycloak.ask.Answers.deny;
import static actas.keycloak.ask.Answers.limits;
import static actas.keycloak.ask.Answers.obligation;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import actas.decision.v1.Confirmation;
import actas.decision.v1.DecideRequest;
import actas.decision.v1.DecideResponse;
import actas.decision.v1.Decision;
import actas.decision.v1.Denial;
import actas.decision.v1.IssueClaims;
import actas.decision.v1.PolicyRef;
import com.google.protobuf.Duration;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.Value;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** An answer that is not complete, understood and within the question is no decision. */
class CheckedDecisionTest {
    private static final UnknownFieldSet NEWER = UnknownFieldSet.newBuilder()
            .addField(900, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
            .build();

    private static CheckedDecision check(Decision.Builder decision) throws NoDecision {
        return CheckedDecision.check(Answers.request(), Answers.of(decision));
    }

    @Test
    void an_allow_within_the_question_is_read() throws NoDecision {
        CheckedDecision decision = check(allow());
        assertTrue(decision.allowed());
        assertEquals(Set.of("mail.read"), decision.scope());
        assertEquals(Set.of("mail-api"), decision.audience());
        assertEquals(60, decision.maxLifetimeSeconds());
        assertEquals(Answers.SUBJECT_EXP, decision.notAfter());
        assertEquals(Map.of("iss", "https://sts.test/realms/agents", "sub", "agent-a"), decision.act().get("act"));
        assertNull(decision.jkt());
    }

    @Test
    void a_deny_is_read_and_leaves_nothing_to_issue() throws NoDecision {
        CheckedDecision decision = check(deny().addObligations(obligation("approval")));
        assertFalse(decision.allowed());
        assertEquals("access_denied", decision.error());
        assertEquals("MAY_ACT_MISMATCH", decision.denials().get(0).getCode());
        assertTrue(decision.scope().isEmpty());
        assertEquals(0, decision.maxLifetimeSeconds());
    }

    @Test
    void the_same_actor_again_keeps_the_chain_as_it_is() throws NoDecision {
        assertEquals("agent-a", check(allow().setActJson(Answers.INHERITED)).act().get("sub"));
    }

    @Test
    void a_decision_is_never_good_for_more_than_five_seconds() throws NoDecision {
        CheckedDecision decision = check(allow().setValidUntil(at(Instant.now().getEpochSecond() + 3600)));
        assertFalse(decision.validUntil().isAfter(Instant.now().plusSeconds(5)));
    }

    @Test
    void an_answer_without_decision_is_refused() {
        NoDecision none = assertThrows(
                NoDecision.class,
                () -> CheckedDecision.check(Answers.request(), DecideResponse.getDefaultInstance()));
        assertEquals("MALFORMED_ANSWER", none.reason());
    }

    @Test
    void a_question_without_id_has_no_answer() {
        DecideRequest anonymous = Answers.request().toBuilder().clearRequestId().build();
        NoDecision none = assertThrows(
                NoDecision.class,
                () -> CheckedDecision.check(anonymous, Answers.of(allow().clearRequestId())));
        assertEquals("OTHER_REQUEST", none.reason());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void is_refused(String what, Decision.Builder answer, String reason) {
        assertEquals(reason, assertThrows(NoDecision.class, () -> check(answer)).reason());
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                row("unknown field", allow().setUnknownFields(NEWER), "UNKNOWN_FIELD"),
                row("unknown field in limits", allow().setLimits(limits().setUnknownFields(NEWER)), "UNKNOWN_FIELD"),
                row("unknown field in an obligation",
                        deny().addObligations(obligation("approval").setUnknownFields(NEWER)), "UNKNOWN_FIELD"),
                row("effect not set", allow().setEffectValue(0), "UNKNOWN_EFFECT"),
                row("unknown effect", allow().setEffectValue(3), "UNKNOWN_EFFECT"),
                row("other request", allow().setRequestId("request-2"), "OTHER_REQUEST"),
                row("no request", allow().clearRequestId(), "OTHER_REQUEST"),
                row("no decision id", allow().clearDecisionId(), "MALFORMED_ANSWER"),
                row("decision id no UUIDv7",
                        allow().setDecisionId("0198c0de-0000-4000-8000-000000000001"), "MALFORMED_ANSWER"),
                row("no policy", allow().setPolicy(PolicyRef.getDefaultInstance()), "MALFORMED_ANSWER"),
                row("no valid_until", allow().clearValidUntil(), "MALFORMED_ANSWER"),
                row("no evaluated_at", allow().clearEvaluatedAt(), "MALFORMED_ANSWER"),
                row("past valid_until", allow().setValidUntil(at(Instant.now().getEpochSecond() - 1)), "EXPIRED"),
                row("impossible valid_until", allow().setValidUntil(at(Long.MAX_VALUE)), "MALFORMED_ANSWER"),
                row("allow without limits", allow().clearLimits(), "MALFORMED_ANSWER"),
                row("allow without issue claims", allow().clearIssueClaims(), "MALFORMED_ANSWER"),
                row("other decision in the issue claims",
                        allow().setIssueClaims(IssueClaims.newBuilder().setDecisionId("x").setTxn(Answers.ID)),
                        "MALFORMED_ANSWER"),
                row("no txn",
                        allow().setIssueClaims(IssueClaims.newBuilder().setDecisionId(Answers.ID)), "MALFORMED_ANSWER"),
                row("allow with an obligation", allow().addObligations(obligation("approval")), "UNKNOWN_OBLIGATION"),
                row("allow with a denial", allow().addDenials(Denial.newBuilder().setCode("X")), "MALFORMED_ANSWER"),
                row("allow with an error", allow().setError("access_denied"), "MALFORMED_ANSWER"),
                row("wider scope", allow().setLimits(limits().addScope("mail.delete")), "WIDER_THAN_ASKED"),
                row("wider audience", allow().setLimits(limits().addAudience("bank")), "WIDER_THAN_ASKED"),
                row("other audience", allow().setLimits(limits().clearAudience().addAudience("bank")), "WIDER_THAN_ASKED"),
                row("no audience", allow().setLimits(limits().clearAudience()), "WIDER_THAN_ASKED"),
                row("no lifetime", allow().setLimits(limits().clearMaxLifetime()), "MALFORMED_ANSWER"),
                row("lifetime 0", allow().setLimits(lifetime(0)), "MALFORMED_ANSWER"),
                row("negative lifetime", allow().setLimits(lifetime(-1)), "MALFORMED_ANSWER"),
                row("endless lifetime", allow().setLimits(lifetime(1L << 40)), "MALFORMED_ANSWER"),
                row("no not_after", allow().setLimits(limits().clearNotAfter()), "MALFORMED_ANSWER"),
                row("outlives the subject token",
                        allow().setLimits(limits().setNotAfter(at(Answers.SUBJECT_EXP + 1))), "WIDER_THAN_ASKED"),
                row("authorization details", allow().setLimits(limits().setAuthorizationDetailsJson("[]")), "WIDER_THAN_ASKED"),
                row("refresh token", allow().setLimits(limits()
                        .setIssuedTokenType("urn:ietf:params:oauth:token-type:refresh_token")), "MALFORMED_ANSWER"),
                row("unknown token type", allow().setLimits(limits().setTokenType("N_A")), "MALFORMED_ANSWER"),
                row("DPoP without key", allow().setLimits(limits().setTokenType("DPoP")), "MALFORMED_ANSWER"),
                row("empty key", allow().setLimits(limits().setCnf(Confirmation.getDefaultInstance())), "MALFORMED_ANSWER"),
                row("chain dropped", allow().clearActJson(), "WRONG_ACT"),
                row("chain changed", allow().setActJson(Answers.ACT.replace("agent-a", "agent-x")), "WRONG_ACT"),
                row("chain cut", allow().setActJson("{\"iss\":\"i\",\"sub\":\"agent-b\"}"), "WRONG_ACT"),
                row("level without sub", allow().setActJson("{\"iss\":\"i\",\"act\":" + Answers.INHERITED + "}"), "WRONG_ACT"),
                row("level with more", allow().setActJson(Answers.ACT.replace("{\"iss\"", "{\"aud\":1,\"iss\"")), "WRONG_ACT"),
                row("act no object", allow().setActJson("[]"), "MALFORMED_ANSWER"),
                row("act with a member twice",
                        allow().setActJson(Answers.ACT.replace("\"sub\":\"agent-b\"", "\"sub\":\"x\",\"sub\":\"agent-b\"")),
                        "MALFORMED_ANSWER"),
                row("deny without error", deny().clearError(), "MALFORMED_ANSWER"),
                row("deny without description", deny().clearErrorDescription(), "MALFORMED_ANSWER"),
                row("deny without denial", deny().clearDenials(), "MALFORMED_ANSWER"),
                row("line break in the error", deny().setError("a\nb"), "MALFORMED_ANSWER"),
                row("quote in the description", deny().setErrorDescription("say \"no\""), "MALFORMED_ANSWER"),
                row("line break in a code", deny().addDenials(Denial.newBuilder().setCode("A\nB")), "MALFORMED_ANSWER"),
                row("deny with limits", deny().setLimits(limits()), "MALFORMED_ANSWER"),
                row("unknown obligation", deny().addObligations(obligation("session_termination")), "UNKNOWN_OBLIGATION"),
                row("step-up to nothing", deny().addObligations(obligation("step-up")), "MALFORMED_ANSWER"),
                row("quote in an acr", stepUp("acr_values", list(text("a\"b"))), "MALFORMED_ANSWER"),
                row("acr that is a number", stepUp("acr_values", list(number(2))), "MALFORMED_ANSWER"),
                row("no acr", stepUp("acr_values", list()), "MALFORMED_ANSWER"),
                row("half a second", stepUp("max_age", number(0.5)), "MALFORMED_ANSWER"),
                row("max_age as text", stepUp("max_age", text("60")), "MALFORMED_ANSWER"));
    }

    @Test
    void a_step_up_that_fits_a_header_is_read() throws NoDecision {
        assertEquals(1, check(stepUp("acr_values", list(text("urn:actas:acr:mfa")))).obligations().size());
        assertEquals(1, check(stepUp("max_age", number(0))).obligations().size());
    }

    private static Arguments row(String what, Decision.Builder answer, String reason) {
        return Arguments.of(what, answer, reason);
    }

    private static actas.decision.v1.Limits.Builder lifetime(long seconds) {
        return limits().setMaxLifetime(Duration.newBuilder().setSeconds(seconds));
    }

    private static Decision.Builder stepUp(String name, Value value) {
        return deny().addObligations(
                obligation("step-up").setProperties(Struct.newBuilder().putFields(name, value)));
    }

    private static Value text(String value) {
        return Value.newBuilder().setStringValue(value).build();
    }

    private static Value number(double value) {
        return Value.newBuilder().setNumberValue(value).build();
    }

    private static Value list(Value... values) {
        return Value.newBuilder()
                .setListValue(ListValue.newBuilder().addAllValues(java.util.List.of(values)))
                .build();
    }
}

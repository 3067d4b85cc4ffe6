// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import static org.junit.jupiter.api.Assertions.assertEquals;

import actas.decision.v1.Denial;
import actas.decision.v1.Obligation;
import actas.keycloak.ask.CheckedDecision;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Struct;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** All that a refusal says reaches the client, and nothing of why beyond it. */
class OAuthErrorsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static Struct properties(String json) throws JsonProcessingException {
        return JsonValues.struct(JSON.readTree(json));
    }

    private static Refusal denied(String error, String type, String properties) throws JsonProcessingException {
        List<Obligation> obligations = type.isEmpty()
                ? List.of()
                : List.of(Obligation.newBuilder()
                        .setType(type)
                        .setId(type)
                        .setProperties(properties(properties))
                        .build());
        List<Denial> denials = List.of(
                Denial.newBuilder().setCode("ONE").setReason("not for the client").build(),
                Denial.newBuilder().setCode("TWO").build());
        Set<String> none = Set.of();
        Instant validUntil = Instant.EPOCH;
        return Refusal.denied(new CheckedDecision(
                "id", false, error, "Fixed text.", denials, obligations, none, none, 0, 0, null, "", null, "", validUntil));
    }

    @ParameterizedTest
    @CsvSource({
        "access_denied, 403",
        "invalid_client, 401",
        "insufficient_user_authentication, 400",
        "invalid_scope, 400",
        "invalid_target, 400",
        "something_new, 400"
    })
    void theStatusFollowsTheError(String error, int status) {
        assertEquals(status, OAuthErrors.status(error).getStatusCode());
    }

    @Test
    void aPlainDenialHasTwoMembersAndItsCodesStayHere() throws JsonProcessingException {
        Refusal refusal = denied("invalid_scope", "", "");
        assertEquals(
                JSON.readTree("{\"error\": \"invalid_scope\", \"error_description\": \"Fixed text.\"}"),
                JSON.valueToTree(OAuthErrors.body(refusal)));
        assertEquals(Optional.empty(), OAuthErrors.challenge(refusal));
        assertEquals(List.of("ONE", "TWO"), refusal.codes());
    }

    @Test
    void aStepUpSaysHowInBodyAndHeader() throws JsonProcessingException {
        Refusal refusal = denied(
                "insufficient_user_authentication",
                "step-up",
                "{\"acr_values\": [\"urn:a:hwk\", \"urn:a:mfa\"], \"max_age\": 300}");
        assertEquals(
                """
                {"error":"insufficient_user_authentication","error_description":"Fixed text.",\
                "acr_values":"urn:a:hwk urn:a:mfa","max_age":300,\
                "obligations":[{"type":"step-up","id":"step-up",\
                "properties":{"acr_values":["urn:a:hwk","urn:a:mfa"],"max_age":300}}]}""",
                JSON.writeValueAsString(OAuthErrors.body(refusal)));
        assertEquals(
                Optional.of("Bearer error=\"insufficient_user_authentication\","
                        + " acr_values=\"urn:a:hwk urn:a:mfa\", max_age=\"300\""),
                OAuthErrors.challenge(refusal));
    }

    @Test
    void aStepUpThatDemandsOnlyOneSaysOnlyThat() throws JsonProcessingException {
        assertEquals(
                Optional.of("Bearer error=\"insufficient_user_authentication\", max_age=\"0\""),
                OAuthErrors.challenge(denied("insufficient_user_authentication", "step-up", "{\"max_age\": 0}")));
    }

    @Test
    void anApprovalIsToldWithoutAChallenge() throws JsonProcessingException {
        Refusal refusal = denied(
                "access_denied", "approval", "{\"scope\": \"orders:delete\", \"deep\": {\"list\": [1, 2.5, true, null]}}");
        assertEquals(
                """
                {"error":"access_denied","error_description":"Fixed text.",\
                "obligations":[{"type":"approval","id":"approval",\
                "properties":{"deep":{"list":[1,2.5,true,""]},"scope":"orders:delete"}}]}""",
                JSON.writeValueAsString(OAuthErrors.body(refusal)));
        assertEquals(Optional.empty(), OAuthErrors.challenge(refusal));
    }

    @Test
    void withoutADecisionNothingIsSaidAboutWhy() {
        assertEquals("access_denied", Refusal.noDecision().error());
        assertEquals("no decision", Refusal.noDecision().description());
        assertEquals(List.of("NO_DECISION"), Refusal.noDecision().codes());
    }
}

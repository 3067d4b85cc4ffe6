// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.decision.v1.DecideRequest;
import actas.decision.v1.DecideResponse;
import actas.decision.v1.Decision;
import actas.decision.v1.Denial;
import actas.decision.v1.Effect;
import actas.decision.v1.IssueClaims;
import actas.decision.v1.Limits;
import actas.decision.v1.Obligation;
import actas.decision.v1.PolicyRef;
import actas.decision.v1.Token;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import java.time.Instant;

/** One question, and the answers that fit it. */
public final class Answers {
    static final String ID = "0198c0de-0000-7000-8000-000000000001";
    static final long SUBJECT_EXP = Instant.now().getEpochSecond() + 600;
    static final String INHERITED = "{\"iss\":\"https://sts.test/realms/agents\",\"sub\":\"agent-a\"}";
    static final String ACT =
            "{\"iss\":\"https://sts.test/realms/agents\",\"sub\":\"agent-b\",\"act\":" + INHERITED + "}";

    private Answers() {}

    public static DecideRequest request() {
        return DecideRequest.newBuilder()
                .setRequestId("request-1")
                .setAuthorizationServer("https://sts.test/realms/agents")
                .setScope("mail.read mail.send")
                .addAudience("mail-api")
                .setSubjectToken(Token.newBuilder()
                        .setClaimsJson("{\"sub\":\"alice\",\"exp\":" + SUBJECT_EXP + ",\"act\":" + INHERITED + "}"))
                .build();
    }

    static DecideResponse of(Decision.Builder decision) {
        return DecideResponse.newBuilder().setDecision(decision).build();
    }

    static Decision.Builder allow() {
        return any().setEffect(Effect.EFFECT_ALLOW)
                .setLimits(limits())
                .setIssueClaims(IssueClaims.newBuilder().setDecisionId(ID).setTxn(ID))
                .setActJson(ACT);
    }

    static Limits.Builder limits() {
        return Limits.newBuilder()
                .addScope("mail.read")
                .addAudience("mail-api")
                .setMaxLifetime(Duration.newBuilder().setSeconds(60))
                .setNotAfter(at(SUBJECT_EXP))
                .setIssuedTokenType("urn:ietf:params:oauth:token-type:access_token")
                .setTokenType("Bearer");
    }

    static Decision.Builder deny() {
        return any().setEffect(Effect.EFFECT_DENY)
                .setError("access_denied")
                .setErrorDescription("the actor is not authorized")
                .addDenials(Denial.newBuilder().setCode("MAY_ACT_MISMATCH").setRule("may_act").setReason("no"));
    }

    static Obligation.Builder obligation(String type) {
        return Obligation.newBuilder().setType(type).setId(type);
    }

    private static Decision.Builder any() {
        long now = Instant.now().getEpochSecond();
        return Decision.newBuilder()
                .setDecisionId(ID)
                .setRequestId("request-1")
                .setPolicy(PolicyRef.newBuilder().setRevision("1").setBundleDigest("d").setStateVersion("s"))
                .setEvaluatedAt(at(now))
                .setValidUntil(at(now + 5));
    }

    static Timestamp.Builder at(long seconds) {
        return Timestamp.newBuilder().setSeconds(seconds);
    }
}

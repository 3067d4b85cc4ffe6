// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import actas.decision.v1.Approval;
import actas.decision.v1.Consent;
import actas.decision.v1.DecideRequest;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The question says what Keycloak verified, and does not say more. */
class ExchangeRequestBuilderTest {
    private static final String ISSUER = "https://auth.example.com/realms/agents";
    private static final Caller AGENT = new Caller("on-call", true, "client-jwt", "private_key_jwt", "");

    // With a number that no double holds: what is signed reaches Actas as it is.
    private static final String CLAIMS =
            "{\"sub\":\"alice\",\"iss\":\"" + ISSUER + "\",\"exp\":1900000000,\"acr\":\"1\",\"n\":9007199254740993}";

    private static VerifiedToken token(String claims) throws IOException {
        return VerifiedToken.of(Forms.ACCESS_TOKEN, "{\"alg\":\"RS256\",\"kid\":\"k\",\"x\":[1,null,true]}", claims);
    }

    private static ExchangeRequestBuilder question(ExchangeForm form, Caller caller) {
        return new ExchangeRequestBuilder(ISSUER, form, caller);
    }

    @Test
    void theFormAndTheClientAreTold() {
        ExchangeForm form = Forms.with(
                "audience", "a", "audience", "", "resource", "https://r/", "scope", "x", "scope", "y", "approval", "j.w.s");
        DecideRequest asked = question(form, AGENT)
                .scope("orders:read")
                .ip("192.0.2.1")
                .build();
        assertEquals(ISSUER, asked.getAuthorizationServer());
        assertEquals("urn:ietf:params:oauth:grant-type:token-exchange", asked.getGrantType());
        assertEquals("on-call", asked.getClient().getClientId());
        assertEquals("private_key_jwt", asked.getClient().getAuthMethod());
        assertTrue(asked.getClient().getAuthenticated() && asked.getClient().getConfidential());
        assertEquals(Forms.ACCESS_TOKEN, asked.getRequestedTokenType());
        assertEquals(List.of("a", ""), asked.getAudienceList());
        assertEquals(List.of("https://r/"), asked.getResourceList());
        assertEquals(List.of("scope"), asked.getDuplicateParametersList());
        assertEquals(List.of(Approval.newBuilder().setJws("j.w.s").build()), asked.getApprovalsList());
        assertEquals("orders:read", asked.getScope());
        assertEquals("192.0.2.1", asked.getContext().getIp());
        assertFalse(asked.hasSubjectToken() || asked.hasActorToken() || asked.hasActorWorkload());
    }

    @Test
    void everyQuestionHasAnIdOfItsOwn() {
        String first = question(Forms.complete(), AGENT).build().getRequestId();
        assertNotEquals(first, question(Forms.complete(), AGENT).build().getRequestId());
        assertEquals(36, first.length());
    }

    @Test
    void aPublicClientIsNotAuthenticated() {
        DecideRequest asked =
                question(Forms.complete(), new Caller("spa", false, "client-secret", "none", "")).ip(null).build();
        assertFalse(asked.getClient().getAuthenticated() || asked.getClient().getConfidential());
        assertFalse(asked.hasContext());
    }

    @Test
    void tokensAreDescribedAndNeverSent() throws IOException {
        DecideRequest asked = question(Forms.complete(), AGENT)
                .subject(token(CLAIMS))
                .actor(token("{\"sub\":\"x\"}"))
                .build();
        assertEquals(CLAIMS, asked.getSubjectToken().getClaimsJson());
        assertEquals(Forms.ACCESS_TOKEN, asked.getSubjectToken().getTokenType());
        assertTrue(asked.getSubjectToken().getVerified());
        assertEquals("RS256", asked.getSubjectToken().getHeader().getFieldsOrThrow("alg").getStringValue());
        assertEquals(3, asked.getSubjectToken().getHeader().getFieldsOrThrow("x").getListValue().getValuesCount());
        assertEquals("{\"sub\":\"x\"}", asked.getActorToken().getClaimsJson());
        assertEquals("", asked.getActorToken().getKind());
        assertFalse(asked.toString().contains(".token.raw"));
    }

    @Test
    void aProofCountsForATokenOnlyWhereTheKeysAreTheSame() throws IOException {
        Caller proven = new Caller("on-call", true, "client-jwt", "private_key_jwt", "key-1");
        DecideRequest asked = question(Forms.complete(), proven)
                .subject(token("{\"cnf\":{\"jkt\":\"key-1\"}}"))
                .actor(token("{\"cnf\":{\"jkt\":\"key-2\"}}"))
                .build();
        assertEquals("key-1", asked.getClient().getProofJkt());
        assertEquals("key-1", asked.getSubjectToken().getPopJkt());
        assertEquals("", asked.getActorToken().getPopJkt());
        assertEquals("", question(Forms.complete(), AGENT).subject(token("{}")).build().getSubjectToken().getPopJkt());
    }

    @Test
    void theSvidOfTheClientIsTheActor() throws IOException {
        VerifiedToken svid = VerifiedToken.of(
                "urn:ietf:params:oauth:token-type:jwt", "{\"alg\":\"ES256\"}", "{\"sub\":\"spiffe://example.org/agent\"}");
        DecideRequest asked =
                question(Forms.complete(), AGENT).actor(new WorkloadIdentity.Svid(svid, "example.org")).build();
        assertEquals("jwt_svid", asked.getActorToken().getKind());
        assertEquals("example.org", asked.getActorToken().getBundleTrustDomain());
        assertEquals("urn:ietf:params:oauth:token-type:jwt", asked.getActorToken().getTokenType());
        assertEquals("spiffe://example.org/agent", asked.getActorWorkload().getSpiffeId());
        assertEquals("", asked.getActorWorkload().getJwtSvid());
    }

    @Test
    void aStoredConsentNamesTheClientAsActorAndEndsWithTheToken() throws IOException {
        Consent consent = StoredConsents.consent("on-call", token(CLAIMS), "orders:read", ISSUER);
        assertTrue(consent.getVerified());
        assertEquals("alice", consent.getSub());
        assertEquals(ISSUER, consent.getIss());
        assertEquals("on-call", consent.getClientId());
        assertEquals("on-call", consent.getActor());
        assertEquals(1900000000L, consent.getUntil().getSeconds());
        assertEquals(ISSUER, consent.getAuthorizationServer());
        DecideRequest asked =
                question(Forms.complete(), AGENT).consents(List.of(consent)).build();
        assertEquals(List.of(consent), asked.getConsentsList());
    }

    @Test
    void onlyTheClaimsThatTheTokenHasAreHandedOver() throws IOException {
        Map<String, JsonNode> claims = token(CLAIMS).claims("acr", "amr", "auth_time");
        assertEquals(List.of("acr"), List.copyOf(claims.keySet()));
        assertEquals("1", claims.get("acr").asText());
        assertEquals("", token("{}").sub());
    }
}

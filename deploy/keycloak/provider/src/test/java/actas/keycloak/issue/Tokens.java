// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import actas.keycloak.ask.CheckedDecision;
import actas.keycloak.ask.DecidedExchange;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.keycloak.protocol.oidc.token.TokenPostProcessorContext;
import org.keycloak.representations.AccessToken;
import org.keycloak.util.JsonSerialization;

/** One token as Keycloak makes it, and the decision that it fits. */
final class Tokens {
    static final long IAT = Instant.now().getEpochSecond();
    static final Map<String, Object> ACT = Map.of("iss", "https://sts.test", "sub", "agent-a");

    private Tokens() {}

    static AccessToken token() {
        AccessToken token = new AccessToken();
        token.subject("alice").issuedFor("agent-a").issuer("https://sts.test");
        token.audience("mail-api");
        token.setScope("mail.read");
        token.iat(IAT).exp(IAT + 300);
        return token;
    }

    static CheckedDecision decision(long seconds, long notAfter, Map<String, Object> act, String jkt, Instant until) {
        return new CheckedDecision(
                "id-1", true, "", "", List.of(), List.of(), Set.of("mail.read", "mail.send"), Set.of("mail-api"), seconds,
                notAfter, act, "txn-1", jkt, "Bearer", until);
    }

    static DecidedExchange decided() {
        return decided(decision(60, IAT + 200, ACT, null, Instant.now().plusSeconds(5)));
    }

    static DecidedExchange decided(CheckedDecision decision) {
        return new DecidedExchange(decision, "alice", Map.of(), "agent-a");
    }

    static TokenPostProcessorContext context(AccessToken token) {
        return new TokenPostProcessorContext(null, null, null, token, null);
    }

    /** The payload as it will be signed. */
    static JsonNode written(AccessToken token) throws java.io.IOException {
        return JsonSerialization.mapper.readTree(JsonSerialization.writeValueAsString(token));
    }
}

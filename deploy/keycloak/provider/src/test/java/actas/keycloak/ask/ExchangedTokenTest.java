// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.keycloak.models.ClientSessionContext;
import org.keycloak.protocol.oidc.encode.AccessTokenContext;
import org.keycloak.protocol.oidc.encode.AccessTokenContext.SessionType;
import org.keycloak.protocol.oidc.encode.AccessTokenContext.TokenType;
import org.keycloak.protocol.oidc.encode.TokenContextEncoderProvider;
import org.keycloak.representations.AccessToken;

/** A token that came of an exchange is known again, also when somebody signed it anew without its claims. */
class ExchangedTokenTest {
    private static final String EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

    @ParameterizedTest
    @CsvSource({
        // jti, has a decision_id -> exchanged, without a decision
        "te:1, true, true, false",
        "te:1, false, true, true",
        "ac:1, true, true, false",
        "ac:1, false, false, false",
        ", true, true, false",
        ", false, false, false"
    })
    void by_its_jti_or_its_decision(String jti, boolean decision, boolean exchanged, boolean withoutDecision) {
        AccessToken token = new AccessToken();
        token.id(jti);
        if (decision) {
            token.getOtherClaims().put("decision_id", "id-1");
        }
        ExchangedToken found = new ExchangedToken(new Context(), token);
        assertEquals(exchanged, found.exchanged());
        assertEquals(withoutDecision, found.withoutDecision());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"jti\":\"te:1\"} | true",
        "{\"jti\":\"ac:1\",\"decision_id\":\"id-1\"} | true",
        "{\"jti\":\"ac:1\"} | false",
        "{} | false",
        "[] | false"
    })
    void in_the_text_of_a_form(String claims, boolean exchanged) {
        String jwt = encoded("{\"alg\":\"RS256\"}") + "." + encoded(claims) + ".c2ln";
        assertEquals(exchanged, ExchangedToken.isExchanged(new Context(), jwt));
        assertEquals(false, ExchangedToken.isExchanged(new Context(), encoded(claims)), "claims that are no JWT");
    }

    private static String encoded(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Keycloak's own needs a server; like that one, it reads the grant from what stands before the colon. */
    private static final class Context implements TokenContextEncoderProvider {
        @Override
        public AccessTokenContext getTokenContextFromTokenId(String id) {
            String grant = id.startsWith("te:") ? EXCHANGE : "authorization_code";
            return new AccessTokenContext(SessionType.ONLINE, TokenType.REGULAR, grant, id);
        }

        @Override
        public AccessTokenContext getTokenContextFromClientSessionContext(
                ClientSessionContext context, String id, boolean offline) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String encodeTokenId(AccessTokenContext context) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}

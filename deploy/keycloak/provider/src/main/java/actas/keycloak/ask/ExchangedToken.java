// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import org.keycloak.OAuth2Constants;
import org.keycloak.jose.jws.JWSInput;
import org.keycloak.jose.jws.JWSInputException;
import org.keycloak.models.KeycloakSession;
import org.keycloak.protocol.oidc.encode.TokenContextEncoderProvider;
import org.keycloak.representations.JsonWebToken;

/** Knows a verified token that came of an exchange, whatever was made of it since. */
public final class ExchangedToken {
    /** The claim in which every token that was issued on a decision names it. */
    public static final String DECISION_ID = "decision_id";

    private final boolean exchanged;
    private final boolean decided;

    ExchangedToken(TokenContextEncoderProvider context, JsonWebToken token) {
        decided = token.getOtherClaims().containsKey(DECISION_ID);
        exchanged = decided || grantedBy(context, token.getId());
    }

    public static ExchangedToken of(KeycloakSession session, JsonWebToken token) {
        return new ExchangedToken(session.getProvider(TokenContextEncoderProvider.class), token);
    }

    /** Whether the text is a JWT that came of an exchange; what is no JWT did not. Nothing is verified. */
    static boolean isExchanged(TokenContextEncoderProvider context, String text) {
        try {
            return new ExchangedToken(context, new JWSInput(text).readJsonContent(JsonWebToken.class)).exchanged();
        } catch (JWSInputException other) {
            return false;
        }
    }

    /** As of a token that is known only as it was sent; Keycloak verifies it later. */
    public static boolean isExchanged(KeycloakSession session, String text) {
        return isExchanged(session.getProvider(TokenContextEncoderProvider.class), text);
    }

    // Keycloak writes the grant into jti.
    private static boolean grantedBy(TokenContextEncoderProvider context, String jti) {
        return jti != null
                && OAuth2Constants.TOKEN_EXCHANGE_GRANT_TYPE.equals(
                        context.getTokenContextFromTokenId(jti).getGrantType());
    }

    /** Whoever presents it for another token by a grant that is no exchange would lose act and the decided end. */
    public boolean exchanged() {
        return exchanged;
    }

    /** What introspection signs anew has the same jti, but neither act nor decision: the chain would begin again. */
    public boolean withoutDecision() {
        return exchanged && !decided;
    }
}

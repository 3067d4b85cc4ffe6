// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import jakarta.ws.rs.core.MultivaluedMap;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import org.keycloak.OAuth2Constants;
import org.keycloak.authentication.authenticators.client.FederatedJWTClientAuthenticator;
import org.keycloak.broker.spiffe.SpiffeConstants;
import org.keycloak.broker.spiffe.SpiffeIdentityProviderConfig;
import org.keycloak.broker.spiffe.SpiffeIdentityProviderFactory;
import org.keycloak.jose.jws.JWSInput;
import org.keycloak.jose.jws.JWSInputException;
import org.keycloak.models.ClientModel;
import org.keycloak.models.IdentityProviderModel;
import org.keycloak.models.KeycloakSession;

/** The SPIFFE identity of the client: by the JWT-SVID that it authenticated with, or declared in its attributes. */
final class WorkloadIdentity {
    /** Declares and proves nothing: Actas accepts it only for the agent that its registry has under the client id too. */
    static final String ATTRIBUTE = "actas.spiffe_id";

    private static final String SCHEME = "spiffe://";

    private WorkloadIdentity() {}

    /** @param trustDomain the one whose bundle verified the SVID */
    record Svid(VerifiedToken token, String trustDomain) {}

    static Optional<String> declared(ClientModel client) {
        return Optional.ofNullable(client.getAttribute(ATTRIBUTE)).filter(id -> !id.isBlank());
    }

    /**
     * The JWT-SVID that Keycloak accepted as this client's authentication in this request.
     *
     * <p>That an assertion is in the form proves nothing, since another authenticator may have let the client in. What
     * counts is the one that succeeded, and that client and trust domain are those that it compared.
     */
    static Optional<Svid> svid(KeycloakSession session, ClientModel client, Caller caller) {
        // The form as the authenticator read it: the exchange's own copy has control characters removed.
        MultivaluedMap<String, String> form = session.getContext().getHttpRequest().getDecodedFormParameters();
        if (!caller.confidential()
                || !caller.authenticator().equals(FederatedJWTClientAuthenticator.PROVIDER_ID)
                || !SpiffeConstants.CLIENT_ASSERTION_TYPE.equals(form.getFirst(OAuth2Constants.CLIENT_ASSERTION_TYPE))) {
            return Optional.empty();
        }
        String subject = client.getAttribute(FederatedJWTClientAuthenticator.JWT_CREDENTIAL_SUBJECT_KEY);
        return trustDomain(session, client)
                .filter(domain -> subject != null && subject.startsWith(SCHEME + domain + "/"))
                .flatMap(domain -> read(form.getFirst(OAuth2Constants.CLIENT_ASSERTION))
                        .map(token -> new Svid(token, domain)))
                .filter(svid -> Objects.equals(svid.token().sub(), subject));
    }

    private static Optional<String> trustDomain(KeycloakSession session, ClientModel client) {
        String alias = client.getAttribute(FederatedJWTClientAuthenticator.JWT_CREDENTIAL_ISSUER_KEY);
        IdentityProviderModel provider =
                alias == null ? null : session.identityProviders().getByAlias(alias);
        if (provider == null
                || !provider.isEnabled()
                || !SpiffeIdentityProviderFactory.PROVIDER_ID.equals(provider.getProviderId())) {
            return Optional.empty();
        }
        return Optional.ofNullable(provider.getConfig().get(SpiffeIdentityProviderConfig.TRUST_DOMAIN_KEY))
                .filter(domain -> domain.startsWith(SCHEME))
                .map(domain -> domain.substring(SCHEME.length()));
    }

    /** Whether a token, verified or not, says of itself that it is a workload's. */
    static boolean looksLikeSvid(String raw) {
        return read(raw).filter(token -> token.sub().startsWith(SCHEME)).isPresent();
    }

    private static Optional<VerifiedToken> read(String assertion) {
        try {
            return Optional.of(VerifiedToken.of(OAuth2Constants.JWT_TOKEN_TYPE, new JWSInput(assertion)));
        } catch (JWSInputException | IOException malformed) {
            return Optional.empty();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import actas.decision.v1.Consent;
import com.google.protobuf.Timestamp;
import java.util.List;
import java.util.stream.Collectors;
import org.keycloak.models.ClientModel;
import org.keycloak.models.ClientScopeModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserConsentModel;
import org.keycloak.services.managers.UserConsentManager;

/** The consent that Keycloak has stored of the subject, where it names the client that acts. */
final class StoredConsents {
    private StoredConsents() {}

    static List<Consent> of(
            KeycloakSession session,
            RealmModel realm,
            ClientModel client,
            TokenVerification.Verified subject,
            String issuer) {
        // What is left of a time when the client asked for consent is none that the user can see or take back.
        if (!client.isConsentRequired()) {
            return List.of();
        }
        UserConsentModel consent = UserConsentManager.getConsentByClient(session, realm, subject.user(), client.getId());
        if (consent == null) {
            return List.of();
        }
        String scope = consent.getGrantedClientScopes().stream()
                .filter(ClientScopeModel::isIncludeInTokenScope)
                .map(ClientScopeModel::getName)
                .sorted()
                .collect(Collectors.joining(" "));
        return scope.isEmpty() ? List.of() : List.of(consent(client.getClientId(), subject.token(), scope, issuer));
    }

    /** Keycloak's consents have no end: this one ends with the token that it is used for. */
    static Consent consent(String clientId, VerifiedToken subject, String scope, String issuer) {
        return Consent.newBuilder()
                .setVerified(true)
                .setIss(subject.iss())
                .setSub(subject.sub())
                .setClientId(clientId)
                .setActor(clientId)
                .setScope(scope)
                .setUntil(Timestamp.newBuilder().setSeconds(subject.exp()))
                .setAuthorizationServer(issuer)
                .build();
    }
}

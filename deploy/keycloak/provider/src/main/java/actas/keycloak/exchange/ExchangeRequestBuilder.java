// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import actas.decision.v1.ActorWorkload;
import actas.decision.v1.Approval;
import actas.decision.v1.Client;
import actas.decision.v1.Consent;
import actas.decision.v1.Context;
import actas.decision.v1.DecideRequest;
import actas.decision.v1.Token;
import java.util.List;
import java.util.UUID;
import org.keycloak.OAuth2Constants;

/** Writes the question to Actas from what Keycloak verified; nothing is left out because it looks harmless. */
final class ExchangeRequestBuilder {
    private final DecideRequest.Builder request = DecideRequest.newBuilder();
    private final Caller caller;

    ExchangeRequestBuilder(String issuer, ExchangeForm form, Caller caller) {
        this.caller = caller;
        request.setRequestId(UUID.randomUUID().toString())
                .setAuthorizationServer(issuer)
                .setGrantType(form.one(OAuth2Constants.GRANT_TYPE).orElse(""))
                .setClient(Client.newBuilder()
                        .setClientId(caller.clientId())
                        .setAuthenticated(caller.confidential())
                        .setConfidential(caller.confidential())
                        .setAuthMethod(caller.authMethod())
                        .setProofJkt(caller.proofJkt()))
                .setRequestedTokenType(
                        form.one(OAuth2Constants.REQUESTED_TOKEN_TYPE).orElse(OAuth2Constants.ACCESS_TOKEN_TYPE))
                .addAllAudience(form.values(OAuth2Constants.AUDIENCE))
                .addAllResource(form.values(OAuth2Constants.RESOURCE))
                .addAllDuplicateParameters(form.repeated());
        form.values(ExchangeForm.APPROVAL).stream()
                .filter(jws -> !jws.isEmpty())
                .forEach(jws -> request.addApprovals(Approval.newBuilder().setJws(jws)));
    }

    ExchangeRequestBuilder subject(VerifiedToken token) {
        request.setSubjectToken(token(token));
        return this;
    }

    ExchangeRequestBuilder actor(VerifiedToken token) {
        request.setActorToken(token(token));
        return this;
    }

    /** The JWT-SVID that the client authenticated with is its actor token. */
    ExchangeRequestBuilder actor(WorkloadIdentity.Svid svid) {
        request.setActorToken(token(svid.token()).setKind("jwt_svid").setBundleTrustDomain(svid.trustDomain()));
        return workload(svid.token().sub());
    }

    ExchangeRequestBuilder workload(String spiffeId) {
        request.setActorWorkload(ActorWorkload.newBuilder().setSpiffeId(spiffeId));
        return this;
    }

    ExchangeRequestBuilder scope(String scope) {
        request.setScope(scope);
        return this;
    }

    ExchangeRequestBuilder consents(List<Consent> consents) {
        request.addAllConsents(consents);
        return this;
    }

    ExchangeRequestBuilder ip(String address) {
        if (address != null) {
            request.setContext(Context.newBuilder().setIp(address));
        }
        return this;
    }

    DecideRequest build() {
        return request.build();
    }

    private Token.Builder token(VerifiedToken token) {
        Token.Builder described = Token.newBuilder()
                .setTokenType(token.type())
                .setVerified(true)
                .setHeader(JsonValues.struct(token.header()))
                .setClaimsJson(token.claimsJson());
        // The proof of the client's key is one of the token's key only where these are the same.
        token.jkt().filter(jkt -> jkt.equals(caller.proofJkt())).ifPresent(described::setPopJkt);
        return described;
    }
}

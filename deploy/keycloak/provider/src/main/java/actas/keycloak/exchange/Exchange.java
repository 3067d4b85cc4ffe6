// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import actas.decision.v1.DecideRequest;
import actas.keycloak.ask.Actas;
import actas.keycloak.ask.CheckedDecision;
import actas.keycloak.ask.DecidedExchange;
import actas.keycloak.ask.NoDecision;
import actas.keycloak.ask.OutcomeReport;
import java.util.Optional;
import org.keycloak.OAuth2Constants;
import org.keycloak.OAuthErrorException;
import org.keycloak.models.ClientModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.protocol.oidc.TokenExchangeContext;
import org.keycloak.services.Urls;

/** One token exchange that Actas allowed, and what Keycloak may make of it. */
final class Exchange {
    /** What Keycloak would take from the live session, which may have stepped up since. */
    private static final String[] AUTHENTICATION = {"acr", "amr", "auth_time"};

    private final KeycloakSession session;
    private final TokenExchangeContext context;
    private final CheckedDecision decision;
    private final VerifiedToken subject;
    private final EffectiveScopes scopes;
    private boolean promised;

    private Exchange(
            KeycloakSession session,
            TokenExchangeContext context,
            CheckedDecision decision,
            VerifiedToken subject,
            EffectiveScopes scopes) {
        this.session = session;
        this.context = context;
        this.decision = decision;
        this.subject = subject;
        this.scopes = scopes;
    }

    /** Asks once, however many of the realm's policies name the executor: an approval is used up by the first decision. */
    static Exchange decide(KeycloakSession session, Actas actas, TokenExchangeContext context, ExchangeEvents events)
            throws Refusal {
        Exchange earlier = session.getAttribute(Exchange.class.getName(), Exchange.class);
        if (earlier != null && earlier.context == context) {
            return earlier;
        }
        Exchange decided = decideNow(session, actas, context, events);
        session.setAttribute(Exchange.class.getName(), decided);
        return decided;
    }

    private static Exchange decideNow(
            KeycloakSession session, Actas actas, TokenExchangeContext context, ExchangeEvents events) throws Refusal {
        ExchangeForm form = new ExchangeForm(context.getFormParams());
        FormRules.check(form);
        TokenVerification verification =
                new TokenVerification(session, context, actas.reportOnly(context.getRealm().getName()));
        TokenVerification.Verified subject = verify(verification, form, OAuth2Constants.SUBJECT_TOKEN);
        events.subject(subject);
        Optional<VerifiedToken> actor = form.has(OAuth2Constants.ACTOR_TOKEN)
                ? Optional.of(verify(verification, form, OAuth2Constants.ACTOR_TOKEN).token())
                : Optional.empty();
        EffectiveScopes scopes = EffectiveScopes.of(
                session, form.one(OAuth2Constants.SCOPE).orElse(null), context.getClient(), subject.user());
        DecideRequest question = question(session, context, form, subject, actor, scopes);
        return new Exchange(session, context, ask(actas, question, events), subject.token(), scopes);
    }

    private static TokenVerification.Verified verify(TokenVerification verification, ExchangeForm form, String parameter)
            throws Refusal {
        String raw = form.one(parameter).orElse("");
        Optional<TokenVerification.Verified> verified =
                verification.verify(form.one(parameter + "_type").orElse(""), raw);
        if (verified.isEmpty()) {
            // The bundles of trust domains are not Keycloak's to have; one that authenticates the client is another matter.
            throw Refusal.notAsked(
                    OAuthErrorException.INVALID_REQUEST,
                    parameter.equals(OAuth2Constants.ACTOR_TOKEN) && WorkloadIdentity.looksLikeSvid(raw)
                            ? "A JWT-SVID as actor_token is not supported"
                            : "Invalid " + parameter);
        }
        return verified.get();
    }

    private static DecideRequest question(
            KeycloakSession session,
            TokenExchangeContext context,
            ExchangeForm form,
            TokenVerification.Verified subject,
            Optional<VerifiedToken> actor,
            EffectiveScopes scopes) {
        ClientModel client = context.getClient();
        Caller caller = Caller.of(session, context);
        String issuer =
                Urls.realmIssuer(session.getContext().getUri().getBaseUri(), context.getRealm().getName());
        ExchangeRequestBuilder question = new ExchangeRequestBuilder(issuer, form, caller)
                .subject(subject.token())
                .scope(scopes.text())
                .consents(StoredConsents.of(session, context.getRealm(), client, subject, issuer))
                .ip(context.getClientConnection().getRemoteAddr());
        actor.ifPresent(question::actor);
        Optional<WorkloadIdentity.Svid> svid =
                actor.isPresent() ? Optional.empty() : WorkloadIdentity.svid(session, client, caller);
        svid.ifPresentOrElse(
                question::actor, () -> WorkloadIdentity.declared(client).ifPresent(question::workload));
        return question.build();
    }

    private static CheckedDecision ask(Actas actas, DecideRequest question, ExchangeEvents events) throws Refusal {
        CheckedDecision decision;
        try {
            decision = actas.decide(question);
        } catch (NoDecision none) {
            events.noDecision(none.reason());
            throw Refusal.noDecision();
        }
        events.decided(decision);
        if (!decision.allowed()) {
            throw Refusal.denied(decision);
        }
        return decision;
    }

    /** Leaves Keycloak no scope that was not decided. */
    void narrow() {
        context.setRestrictedScopes(ScopeRestriction.of(
                decision.scope(), context.getRestrictedScopes(), scopes, context.getClient().getName()));
    }

    /** Has Actas told what became of the decision, once, however many of the realm's policies name the executor. */
    void promiseOutcome(Actas actas) {
        if (!promised) {
            promised = true;
            OutcomeReport.promise(session, actas, decision);
        }
    }

    /** Gives the decision to the post-processor. */
    void handOver() {
        session.setAttribute(
                DecidedExchange.ATTRIBUTE,
                new DecidedExchange(
                        decision,
                        subject.sub(),
                        subject.claims(AUTHENTICATION),
                        context.getClient().getClientId()));
    }
}

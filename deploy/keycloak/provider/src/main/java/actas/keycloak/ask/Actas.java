// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.decision.v1.DecideRequest;
import actas.decision.v1.DecideResponse;
import actas.keycloak.ask.NoDecision.Reason;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;
import org.keycloak.Config;
import org.keycloak.models.KeycloakSession;
import org.keycloak.protocol.oidc.token.TokenPostProcessor;

/** Asks Actas. There is one per server; it belongs to the post-processor's factory. */
public final class Actas implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger("actas.keycloak");
    private static final Duration WARM_UP = Duration.ofSeconds(3);
    private static final String ASKED = "actas.asked";

    private final Settings settings;
    private final Connections connections;
    private final Keeper keeper;
    private final Outcomes outcomes;
    private final Clock clock;
    private final AtomicReference<Reason> trouble = new AtomicReference<>();

    Actas(Settings settings, Clock clock, Duration warmUp) {
        this.settings = settings;
        this.clock = clock;
        this.connections = settings.endpoint() == null ? null : new Connections(settings);
        this.keeper = connections == null ? null : new Keeper(connections, warmUp);
        this.outcomes = connections == null || !settings.reportOutcomes() ? null : new Outcomes(connections);
    }

    /** Reads the server's settings. Throws {@link SettingsException} where one is wrong. */
    public static Actas configured(Config.Scope config) {
        return new Actas(SettingsReader.read(config), Clock.systemUTC(), WARM_UP);
    }

    /** Returns the server's one. Whoever asks for it is about to decide an exchange, which is noted in the session. */
    public static Actas of(KeycloakSession session) {
        var factory =
                session.getKeycloakSessionFactory().getProviderFactory(TokenPostProcessor.class, ActasHolder.PROVIDER_ID);
        if (factory instanceof ActasHolder holder) {
            session.setAttribute(ASKED, Boolean.TRUE);
            return holder.actas();
        }
        throw new IllegalStateException("the token post-processor actas is not loaded");
    }

    /** Whether the executor ran in this session. */
    public static boolean wasAsked(KeycloakSession session) {
        return Boolean.TRUE.equals(session.getAttribute(ASKED));
    }

    /** Says loudly what weakens the protection, then makes the first call; takes a few seconds where Actas is not there. */
    public void start() {
        StartNotices.of(settings, today()).forEach(LOG::warn);
        if (connections == null) {
            LOG.errorf("%s is not set: every token exchange is refused", SettingsException.flag("target"));
        } else {
            keeper.start();
        }
        if (outcomes != null) {
            outcomes.start();
        }
    }

    /** Decides within the deadline; the answer was checked against the request. */
    public CheckedDecision decide(DecideRequest request) throws NoDecision {
        long start = System.nanoTime();
        String outcome = "no_decision";
        try {
            CheckedDecision decision = CheckedDecision.check(request, ask(request));
            outcome = decision.allowed() ? "allow" : "deny";
            if (trouble.getAndSet(null) != null) {
                LOG.info("Actas decides again");
            }
            return decision;
        } catch (NoDecision none) {
            if (trouble.getAndSet(none.word()) != none.word()) {
                LOG.warnf("Actas gives no decision, the exchange is refused: %s", none.reason());
            }
            throw none;
        } finally {
            ExchangeMetrics.decided(realmOf(request), outcome, System.nanoTime() - start);
        }
    }

    private DecideResponse ask(DecideRequest request) throws NoDecision {
        if (connections == null) {
            throw new NoDecision(Reason.NOT_CONFIGURED);
        }
        try {
            return connections.ask(request, Deadline.after(settings.deadline().toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException failure) {
            throw new NoDecision(reason(failure.getStatus().getCode()));
        }
    }

    private static Reason reason(Status.Code code) {
        return switch (code) {
            case UNAVAILABLE -> Reason.UNAVAILABLE;
            case DEADLINE_EXCEEDED -> Reason.DEADLINE_EXCEEDED;
            case UNAUTHENTICATED -> Reason.UNAUTHENTICATED;
            case PERMISSION_DENIED -> Reason.PERMISSION_DENIED;
            case INVALID_ARGUMENT -> Reason.INVALID_ARGUMENT;
            case RESOURCE_EXHAUSTED -> Reason.RESOURCE_EXHAUSTED;
            case UNIMPLEMENTED -> Reason.UNIMPLEMENTED;
            default -> Reason.FAILED;
        };
    }

    // The issuer of a realm ends with its name, and no two realms share one.
    private static String realmOf(DecideRequest request) {
        String issuer = request.getAuthorizationServer();
        return issuer.substring(issuer.lastIndexOf('/') + 1);
    }

    /** Tells Actas, some time after, which token was issued on a decision; jti is null where none was. */
    void report(String decisionId, String jti) {
        if (outcomes != null) {
            outcomes.report(decisionId, jti);
        }
    }

    /** Whether this realm only reports what would be refused, until a date that the server's settings name. */
    public boolean reportOnly(String realmName) {
        return settings.reportMode().covers(realmName, today());
    }

    /** Counts and logs what would have been refused. The code is one of Actas' or of this jar, never request text. */
    public void reported(String realm, String code) {
        ExchangeMetrics.reported(realm, code);
        LOG.warnf("Report mode, realm %s: this token exchange would be refused: %s", realm, code);
    }

    /** For the server info page. */
    public Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        info.put("target", settings.endpoint() == null ? "not set" : settings.endpoint().toString());
        info.put("tls", settings.tlsMode());
        info.put("deadlineMs", Long.toString(settings.deadline().toMillis()));
        info.put("state", connections == null ? "NOT_CONFIGURED" : connections.state().name());
        info.put("connections", connections == null ? "none" : connections.told());
        info.put("outcomes", outcomes == null ? "not reported" : outcomes.told());
        info.put("reportOnly", settings.reportMode().toString());
        info.put("version", Version.TEXT);
        return info;
    }

    private LocalDate today() {
        return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    }

    @Override
    public void close() {
        if (outcomes != null) {
            outcomes.close();
        }
        if (connections != null) {
            keeper.close();
            connections.close();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import actas.keycloak.ask.Actas;
import actas.keycloak.ask.ActasHolder;
import java.util.Map;
import org.keycloak.Config;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.protocol.oidc.token.TokenPostProcessor;
import org.keycloak.protocol.oidc.token.TokenPostProcessorFactory;
import org.keycloak.provider.ServerInfoAwareProviderFactory;

/**
 * Owns settings and connection. They are here and not with the executor: an executor's factory reads the realm's JSON
 * before the server's settings, so that an administrator of a realm could name another Actas.
 */
public final class ActasPostProcessorFactory
        implements TokenPostProcessorFactory, ServerInfoAwareProviderFactory, ActasHolder {
    private Actas actas;

    @Override
    public String getId() {
        return PROVIDER_ID;
    }

    @Override
    public void init(Config.Scope config) {
        actas = Actas.configured(config);
    }

    @Override
    public void postInit(KeycloakSessionFactory factory) {
        actas.start();
    }

    @Override
    public TokenPostProcessor create(KeycloakSession session) {
        return new ActasPostProcessor(session, actas);
    }

    @Override
    public Actas actas() {
        return actas;
    }

    /** The last one to see a token: whatever another post-processor adds is checked too. */
    @Override
    public int order() {
        return Integer.MIN_VALUE;
    }

    @Override
    public Map<String, String> getOperationalInfo() {
        return actas.info();
    }

    @Override
    public void close() {
        if (actas != null) {
            actas.close();
        }
    }
}

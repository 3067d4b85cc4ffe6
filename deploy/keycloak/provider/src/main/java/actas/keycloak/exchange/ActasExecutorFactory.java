// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import java.util.List;
import org.keycloak.Config;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.provider.ProviderConfigProperty;
import org.keycloak.services.clientpolicy.executor.ClientPolicyExecutorProviderFactory;

/**
 * Makes the executor {@code actas} known to client policies.
 *
 * <p>It reads no configuration, on purpose: Keycloak makes one such factory per realm and looks in the realm's own
 * JSON before the server's, so that a realm administrator could send the question elsewhere.
 */
public final class ActasExecutorFactory implements ClientPolicyExecutorProviderFactory {
    public static final String PROVIDER_ID = "actas";

    @Override
    public String getId() {
        return PROVIDER_ID;
    }

    @Override
    public ActasExecutor create(KeycloakSession session) {
        return new ActasExecutor(session);
    }

    @Override
    public String getHelpText() {
        return "Asks Actas before each token exchange, and issues at most what was decided. Put it last in its profile."
                + " Where Actas is, and how it is reached, is configuration of the server; there is nothing to set here.";
    }

    @Override
    public List<ProviderConfigProperty> getConfigProperties() {
        return List.of();
    }

    @Override
    public void init(Config.Scope config) {}

    @Override
    public void postInit(KeycloakSessionFactory factory) {}

    @Override
    public void close() {}
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.time.Duration;

/**
 * The server's settings: all is checked before Keycloak serves a request.
 *
 * @param endpoint null when no target is set, so that every exchange is refused and logins go on
 * @param connections how many there are to Actas, which take turns over its workers
 * @param tls null for plain text
 * @param authority the name expected in Actas' certificate, or null for the host
 * @param token the bearer token of this caller, or null. Secret.
 * @param reportOutcomes whether Actas is told which token was issued on a decision
 */
record Settings(
        Endpoint endpoint,
        Duration deadline,
        int connections,
        TlsFiles tls,
        String authority,
        String token,
        boolean reportOutcomes,
        ReportMode reportMode) {
    Settings {
        if (token != null && tls == null && endpoint != null && !endpoint.loopback()) {
            throw new SettingsException("token-file", "needs TLS: the token would be sent in the clear");
        }
    }

    /** The way to Actas is plain text to another host. */
    boolean exposed() {
        return endpoint != null && tls == null && !endpoint.loopback();
    }

    String tlsMode() {
        if (tls == null) {
            return "none";
        }
        return tls.mutual() ? "mutual" : "tls";
    }

    @Override
    public String toString() {
        return "Settings[" + endpoint + ", tls=" + tlsMode() + "]";
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

/** A setting that is missing or wrong. The message is one sentence that names the flag; Keycloak does not start. */
public final class SettingsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SettingsException(String key, String problem) {
        super(flag(key) + " " + problem);
    }

    static String flag(String key) {
        return "--spi-token-interceptor--actas--" + key;
    }
}

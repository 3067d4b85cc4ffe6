// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.util.Map;
import java.util.Set;
import org.keycloak.Config;

/** Settings of a server, as a test writes them. */
public record MapScope(Map<String, String> values) implements Config.Scope {
    @Override
    public String get(String key) {
        return values.get(key);
    }

    @Override
    public String get(String key, String defaultValue) {
        return values.getOrDefault(key, defaultValue);
    }

    @Override
    public String[] getArray(String key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Integer getInt(String key, Integer defaultValue) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Long getLong(String key, Long defaultValue) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Boolean getBoolean(String key, Boolean defaultValue) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Config.Scope scope(String... scope) {
        throw new UnsupportedOperationException();
    }

    @Override
    @Deprecated
    public Set<String> getPropertyNames() {
        return values.keySet();
    }

    @Override
    public Config.Scope root() {
        throw new UnsupportedOperationException();
    }
}

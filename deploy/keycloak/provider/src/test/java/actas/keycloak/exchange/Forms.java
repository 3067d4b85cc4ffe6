// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Forms of a token request: a complete one, and what a test changes of it. */
final class Forms {
    static final String ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

    private Forms() {}

    static ExchangeForm complete() {
        return with();
    }

    /** Name, value, name, value; a name that comes again has two values, and a null removes what there was. */
    static ExchangeForm with(String... changes) {
        Map<String, List<String>> form = new HashMap<>(Map.of(
                "grant_type", List.of("urn:ietf:params:oauth:grant-type:token-exchange"),
                "subject_token", List.of("subject.token.raw"),
                "subject_token_type", List.of(ACCESS_TOKEN),
                "actor_token", List.of("actor.token.raw"),
                "actor_token_type", List.of(ACCESS_TOKEN),
                "audience", List.of("orders"),
                "scope", List.of("orders:read")));
        Map<String, List<String>> changed = new HashMap<>();
        for (int i = 0; i < changes.length; i += 2) {
            List<String> values = changed.computeIfAbsent(changes[i], name -> new ArrayList<>());
            if (changes[i + 1] != null) {
                values.add(changes[i + 1]);
            }
        }
        form.putAll(changed);
        return new ExchangeForm(form);
    }
}

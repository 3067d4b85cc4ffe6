// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which of how many workers of Actas answered. It steers where questions go, and nothing else. */
record Worker(int number, int count) {
    private static final Pattern FORM = Pattern.compile("(?<number>0|[1-9][0-9]{0,3})/(?<count>[1-9][0-9]{0,3})");

    /** Returns null for what is absent or malformed, or means the only worker. */
    static Worker parse(String hint) {
        Matcher form = hint == null ? null : FORM.matcher(hint);
        if (form == null || !form.matches()) {
            return null;
        }
        Worker worker = new Worker(Integer.parseInt(form.group("number")), Integer.parseInt(form.group("count")));
        return worker.number < worker.count && worker.count > 1 ? worker : null;
    }
}

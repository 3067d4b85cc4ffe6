// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/** What an operator must read at every start, because it weakens the protection. */
final class StartNotices {
    private StartNotices() {}

    static List<String> of(Settings settings, LocalDate today) {
        List<String> notices = new ArrayList<>();
        if (settings.exposed()) {
            notices.add("Actas is asked in plain text on another host: users' claims can be read,"
                    + " and decisions forged, on the way");
        }
        settings.reportMode().until().forEach((realm, end) -> notices.add(
                settings.reportMode().covers(realm, today)
                        ? "REPORT MODE in realm " + realm + " until " + end + ": Actas' decisions are not enforced"
                        : "Report mode in realm " + realm + " has ended on " + end
                                + ": decisions are enforced; remove the setting"));
        return notices;
    }
}

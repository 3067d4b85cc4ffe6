// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The realms that only report what would have been refused, each until a date (UTC, exclusive). */
record ReportMode(Map<String, LocalDate> until) {
    static final ReportMode NONE = new ReportMode(Map.of());

    ReportMode {
        until = Map.copyOf(until);
    }

    static ReportMode parse(String text) {
        Map<String, LocalDate> until = new TreeMap<>();
        for (String entry : text.split(",", -1)) {
            // The date has a fixed form, a realm's name has none.
            int equals = entry.lastIndexOf('=');
            String realm = equals < 0 ? "" : entry.substring(0, equals).strip();
            if (realm.isEmpty()) {
                throw new SettingsException("report-only", "is not realm=YYYY-MM-DD, with commas between realms");
            }
            if (until.put(realm, date(entry.substring(equals + 1).strip())) != null) {
                throw new SettingsException("report-only", "names a realm twice");
            }
        }
        return new ReportMode(until);
    }

    private static LocalDate date(String text) {
        try {
            return LocalDate.parse(text);
        } catch (DateTimeParseException malformed) {
            throw new SettingsException("report-only", "has an end date that is not YYYY-MM-DD");
        }
    }

    boolean covers(String realm, LocalDate today) {
        LocalDate end = until.get(realm);
        return end != null && today.isBefore(end);
    }

    /** For people, in a fixed order. */
    @Override
    public String toString() {
        return new TreeMap<>(until)
                .entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .collect(Collectors.joining(","));
    }
}

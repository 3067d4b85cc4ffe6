// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.keycloak.Config;

/** Reads the settings of the server; a realm has none. */
final class SettingsReader {
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");
    private static final Pattern AUTHORITY =
            Pattern.compile("[A-Za-z0-9._-]+(:[0-9]{1,5})?|\\[[0-9A-Fa-f:.]+](:[0-9]{1,5})?");
    private static final int DEFAULT_DEADLINE = 250;
    private static final int LONGEST_DEADLINE = 10_000;
    // Eight reach both of two workers at once in 99 % of all cases.
    private static final int DEFAULT_CONNECTIONS = 8;
    private static final int MOST_CONNECTIONS = 64;

    private final Config.Scope config;

    private SettingsReader(Config.Scope config) {
        this.config = config;
    }

    static Settings read(Config.Scope config) {
        return new SettingsReader(config).settings();
    }

    private Settings settings() {
        String target = text("target");
        Endpoint endpoint = target == null ? null : Endpoint.parse(target);
        TlsFiles tls = tls();
        boolean plaintext = flag("plaintext", false);
        if (plaintext && tls != null) {
            throw new SettingsException("plaintext", "contradicts the settings of TLS");
        }
        if (endpoint != null && tls == null && !plaintext && !endpoint.loopback()) {
            throw new SettingsException(
                    "target", "is another host: set tls-ca, or plaintext=true where the network itself is trusted");
        }
        String report = text("report-only");
        return new Settings(
                endpoint,
                Duration.ofMillis(number("deadline", "a number of milliseconds", DEFAULT_DEADLINE, LONGEST_DEADLINE)),
                number("connections", "a number", DEFAULT_CONNECTIONS, MOST_CONNECTIONS),
                tls,
                authority(),
                token(),
                flag("report-outcomes", true),
                report == null ? ReportMode.NONE : ReportMode.parse(report));
    }

    private TlsFiles tls() {
        Path ca = path("tls-ca");
        Path cert = path("tls-cert");
        Path key = path("tls-key");
        return ca == null && cert == null && key == null ? null : new TlsFiles(ca, cert, key);
    }

    private int number(String key, String what, int otherwise, int most) {
        String text = text(key);
        if (text == null) {
            return otherwise;
        }
        if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > most) {
            throw new SettingsException(key, "is not " + what + " within 1 to " + most);
        }
        return Integer.parseInt(text);
    }

    private String authority() {
        String authority = text("authority");
        if (authority != null && !AUTHORITY.matcher(authority).matches()) {
            throw new SettingsException("authority", "is not the name of a host");
        }
        return authority;
    }

    private String token() {
        Path file = path("token-file");
        if (file == null) {
            return null;
        }
        String token;
        try {
            token = Files.readString(file).strip();
        } catch (IOException unreadable) {
            throw new SettingsException("token-file", "names a file that cannot be read");
        }
        // RFC 6750, section 2.1; anything else would be an invalid header at the first call.
        if (!TOKEN.matcher(token).matches()) {
            throw new SettingsException("token-file", "does not hold one bearer token");
        }
        return token;
    }

    private Path path(String key) {
        String text = text(key);
        try {
            return text == null ? null : Path.of(text);
        } catch (InvalidPathException malformed) {
            throw new SettingsException(key, "is not the name of a file");
        }
    }

    private boolean flag(String key, boolean otherwise) {
        String text = text(key);
        if (text == null || text.equals("auto")) {
            return otherwise;
        }
        if (text.equals("true") || text.equals("false")) {
            return text.equals("true");
        }
        throw new SettingsException(key, "is neither true, false nor auto");
    }

    private String text(String key) {
        String text = config.get(key);
        if (text != null && text.isBlank()) {
            // An empty tls-ca must not quietly mean plain text.
            throw new SettingsException(key, "is empty");
        }
        return text == null ? null : text.strip();
    }
}

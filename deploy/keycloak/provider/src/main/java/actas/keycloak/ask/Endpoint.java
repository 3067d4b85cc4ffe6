// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where Actas listens. */
record Endpoint(String host, int port) {
    private static final Pattern FORM =
            Pattern.compile("(?:dns:///)?(?<host>\\[[0-9A-Fa-f:.]+]|"
                    + "[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?):(?<port>[0-9]{1,5})");
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[::1]");

    static Endpoint parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new SettingsException("target", "is not host:port");
        }
        int port = Integer.parseInt(form.group("port"));
        if (port < 1 || port > 65535) {
            throw new SettingsException("target", "has a port that is not within 1 to 65535");
        }
        return new Endpoint(form.group("host"), port);
    }

    /** Whether what is sent stays on this machine, as far as the name tells. */
    boolean loopback() {
        return LOOPBACK.matcher(host).matches();
    }

    /** The form that gRPC resolves, again whenever a connection is lost. */
    String uri() {
        return "dns:///" + this;
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}

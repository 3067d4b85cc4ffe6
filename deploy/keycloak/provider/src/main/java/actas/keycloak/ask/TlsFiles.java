// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;

/**
 * The PEM files of TLS.
 *
 * @param ca who may have signed Actas' certificate; null for those whom the Java runtime trusts
 * @param cert our own certificate for mutual TLS, or null
 * @param key its private key, PKCS #8, or null
 */
record TlsFiles(Path ca, Path cert, Path key) {
    TlsFiles {
        if ((cert == null) != (key == null)) {
            throw new SettingsException(
                    cert == null ? "tls-cert" : "tls-key", "is missing: mutual TLS needs tls-cert and tls-key");
        }
    }

    boolean mutual() {
        return cert != null;
    }

    ChannelCredentials credentials() {
        TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
        try {
            if (ca != null) {
                builder.trustManager(certificates("tls-ca", ca));
            }
            if (cert != null) {
                builder.keyManager(certificates("tls-cert", cert), privateKey());
            }
        } catch (IOException unreadable) {
            throw new SettingsException(cert == null ? "tls-ca" : "tls-cert", "cannot be used");
        }
        return builder.build();
    }

    private static InputStream certificates(String setting, Path file) {
        byte[] pem = read(setting, file);
        parsed(setting, pem);
        return new ByteArrayInputStream(pem);
    }

    private static X509Certificate parsed(String setting, byte[] pem) {
        try {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem))
                    .stream()
                    .map(X509Certificate.class::cast)
                    .findFirst()
                    .orElseThrow(() -> new SettingsException(setting, "is a file without a certificate"));
        } catch (CertificateException malformed) {
            throw new SettingsException(setting, "is a file with a malformed certificate");
        }
    }

    private InputStream privateKey() {
        byte[] pem = read("tls-key", key);
        // What does not fit would only fail at the first connection, with a message that says nothing.
        PrivateKeyCheck.check(pem, parsed("tls-cert", read("tls-cert", cert)).getPublicKey());
        return new ByteArrayInputStream(pem);
    }

    private static byte[] read(String setting, Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException unreadable) {
            throw new SettingsException(setting, "names a file that cannot be read");
        }
    }
}

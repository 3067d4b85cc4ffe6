// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Checks that a private key can be read and is that of the certificate. */
final class PrivateKeyCheck {
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final Map<String, String> SIGNATURES =
            Map.of("EC", "SHA256withECDSA", "RSA", "SHA256withRSA", "EdDSA", "EdDSA");

    private PrivateKeyCheck() {}

    static void check(byte[] pem, PublicKey certified) {
        Matcher key = PEM.matcher(new String(pem, StandardCharsets.ISO_8859_1));
        if (!key.find()) {
            throw new SettingsException("tls-key", "is not an unencrypted private key in PKCS #8 PEM form");
        }
        try {
            byte[] der = Base64.getMimeDecoder().decode(key.group(1));
            String algorithm = certified.getAlgorithm();
            if (!fits(KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der)), certified)) {
                throw new SettingsException("tls-key", "is not the key of tls-cert");
            }
        } catch (GeneralSecurityException | IllegalArgumentException malformed) {
            throw new SettingsException("tls-key", "is not the key of tls-cert");
        }
    }

    private static boolean fits(PrivateKey key, PublicKey certified) throws GeneralSecurityException {
        String algorithm = SIGNATURES.get(certified.getAlgorithm());
        if (algorithm == null) {
            throw new GeneralSecurityException("a kind of key that TLS has no use for");
        }
        byte[] text = "the same key".getBytes(StandardCharsets.US_ASCII);
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(text);
        byte[] signed = signature.sign();
        signature.initVerify(certified);
        signature.update(text);
        return signature.verify(signed);
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

/** The token that Keycloak made is not the one that was decided; the message is fixed text for the client. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    Refusal(String description) {
        super(description, null, false, false);
    }
}

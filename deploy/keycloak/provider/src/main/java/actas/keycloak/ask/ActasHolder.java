// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

/** The factory that owns the connections to Actas: of all factories only the post-processor's is out of a realm's reach. */
public interface ActasHolder {
    String PROVIDER_ID = "actas";

    Actas actas();
}

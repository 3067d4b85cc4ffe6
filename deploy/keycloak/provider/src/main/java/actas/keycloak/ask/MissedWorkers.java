// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

/**
 * Finds the workers that no connection leads to: makes one that can be spared anew, a second after the last. After many
 * that led nowhere new there may be something in between, such as a balancer that keeps a client at one worker, and it
 * is tried once a minute.
 */
final class MissedWorkers {
    private static final int PAUSE_TICKS = 2;
    private static final int LONG_PAUSE_TICKS = 120;
    private static final int MANY = 30;

    private int reached;
    private int futile;
    private int wait;

    /** Called every half second. */
    void tick(Connections connections) {
        int now = connections.workers().size();
        if (now > reached) {
            futile = 0;
        }
        reached = now;
        wait = Math.max(0, wait - 1);
        Connection surplus = wait > 0 ? null : connections.surplus();
        if (surplus != null) {
            surplus.renew();
            futile++;
            wait = futile < MANY ? PAUSE_TICKS : LONG_PAUSE_TICKS;
        }
    }
}

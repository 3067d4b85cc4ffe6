// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import actas.admin.v1.ReportOutcomeRequest;
import actas.decision.v1.DecideRequest;
import actas.decision.v1.DecideResponse;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The connections to Actas, which take turns over its workers: the kernel places connections on workers by a hash, so
 * that turns over connections alone would share the load badly.
 *
 * <p>While none is there, only the first one is tried, by an exchange and by the keeper: eight that fail would be no
 * better than one.
 */
final class Connections implements AutoCloseable {
    private final Silence silence = new Silence(null);
    // Each on its own: a report follows each exchange, and on one count two workers would get one kind each.
    private final AtomicLong turn = new AtomicLong();
    private final AtomicLong reportTurn = new AtomicLong();
    private final List<Connection> all;

    Connections(Settings settings) {
        all = Stream.generate(() -> new Connection(settings, silence))
                .limit(settings.connections())
                .toList();
    }

    DecideResponse ask(DecideRequest request, Deadline deadline) {
        return next(turn).ask(request, deadline);
    }

    /** Asks on the first connection, waiting for it until the deadline. */
    DecideResponse askWhenReady(DecideRequest request, Deadline deadline) {
        return all.get(0).askWhenReady(request, deadline);
    }

    /** Reports what became of a decision. */
    void report(ReportOutcomeRequest report, Deadline deadline) {
        next(reportTurn).report(report, deadline);
    }

    private Connection next(AtomicLong turn) {
        List<List<Connection>> groups = new ArrayList<>(groups().values());
        if (groups.isEmpty()) {
            return all.get(0);
        }
        long now = turn.getAndIncrement() & Long.MAX_VALUE;
        List<Connection> group = groups.get((int) (now % groups.size()));
        return group.get((int) (now / groups.size() % group.size()));
    }

    /** The connections that are there: those to one worker together, any whose worker is not known on its own. */
    private Map<Object, List<Connection>> groups() {
        Map<Object, List<Connection>> groups = new LinkedHashMap<>();
        for (Connection connection : all) {
            if (connection.state() == ConnectivityState.READY) {
                Worker worker = connection.worker();
                groups.computeIfAbsent(worker == null ? connection : worker, key -> new ArrayList<>()).add(connection);
            }
        }
        return groups;
    }

    /** Those to keep open: all, or the first while none is there; then the others rest. */
    List<Connection> kept() {
        if (all.stream().anyMatch(one -> one.state() == ConnectivityState.READY)) {
            return all;
        }
        silence.reset();
        all.stream().skip(1).forEach(Connection::rest);
        return all.subList(0, 1);
    }

    /** One that can be spared for a worker that none leads to, or null; known only when every connection's worker is. */
    Connection surplus() {
        Map<Object, List<Connection>> groups = groups();
        Set<Worker> workers = workers();
        long known = all.stream().filter(one -> one.worker() != null).count();
        boolean one = workers.stream().map(Worker::count).distinct().count() == 1;
        if (known < all.size() || !one || workers.size() >= Math.min(all.size(), workers.iterator().next().count())) {
            return null;
        }
        return groups.values().stream()
                .filter(group -> group.size() > 1)
                .max((a, b) -> Integer.compare(a.size(), b.size()))
                .map(group -> group.get(group.size() - 1))
                .orElse(null);
    }

    /** The workers that are known to be at the other end of a connection. */
    Set<Worker> workers() {
        return all.stream().map(Connection::worker).filter(Objects::nonNull).collect(Collectors.toSet());
    }

    /** How many calls in a row were not answered in time, on whichever connection. */
    int missed() {
        return silence.missed();
    }

    /** Drops all for a new first one; calls under way have some seconds to end. */
    void startOver() {
        silence.reset();
        all.stream().skip(1).forEach(Connection::rest);
        all.get(0).renew();
    }

    /** READY as soon as one is. */
    ConnectivityState state() {
        return groups().isEmpty() ? all.get(0).state() : ConnectivityState.READY;
    }

    /** For an operator: how many there are, and what they lead to. */
    String told() {
        long ready = groups().values().stream().mapToLong(List::size).sum();
        Set<Worker> workers = workers();
        String reached = workers.stream()
                .findFirst()
                .map(any -> ", to " + workers.size() + " of " + any.count() + " workers")
                .orElse("");
        return ready + " of " + all.size() + " ready" + reached;
    }

    @Override
    public void close() {
        all.forEach(Connection::shutdown);
        all.forEach(Connection::close);
    }
}

// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;

/** One port in front of several servers, as the kernel is for workers: each connection goes where a test says. */
final class Balancer implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final AtomicInteger taken = new AtomicInteger();
    private final List<Socket> open = new ArrayList<>();
    private final IntUnaryOperator port;

    /** The connection number n, from 0, goes to {@code port(n)}. */
    Balancer(IntUnaryOperator port) throws IOException {
        this.port = port;
        thread(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** How many connections it has taken. */
    int taken() {
        return taken.get();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket server = server(port.applyAsInt(taken.getAndIncrement()));
                if (server == null) {
                    client.close();
                    continue;
                }
                // Otherwise every small answer waits for a delayed acknowledgement.
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                synchronized (open) {
                    open.add(client);
                    open.add(server);
                }
                thread(() -> pump(client, server));
                thread(() -> pump(server, client));
            }
        } catch (IOException over) {
            // The test has ended.
        }
    }

    private static Socket server(int port) {
        try {
            return new Socket(InetAddress.getLoopbackAddress(), port);
        } catch (IOException nobody) {
            return null;
        }
    }

    private static void pump(Socket from, Socket to) {
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            byte[] bytes = new byte[8192];
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                out.write(bytes, 0, count);
                out.flush();
            }
        } catch (IOException over) {
            // One side has ended; closing both ends the other.
        }
    }

    private static void thread(Runnable task) {
        Thread thread = new Thread(task, "balancer");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        synchronized (open) {
            for (Socket socket : open) {
                socket.close();
            }
        }
    }
}

"""Clients that take up room and give nothing, as a program: what it is told on standard input, it does.

    python slow_clients.py HOST PORT CA

`on` opens the connections and says `on`; `off` closes them and says `off`. Of a thousand, most are idle at once, some
send one byte of a handshake each second, some end their handshake and send nothing more, and some begin a call whose
message never comes.
"""

from __future__ import annotations

import contextlib
import resource
import selectors
import socket
import ssl
import sys

IDLE, SLOW, QUIET, STUCK = 700, 200, 50, 50
# A handshake that looks like one: the head of a TLS record that promises 512 bytes.
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(512)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def literal(name: bytes, value: bytes) -> bytes:
    """Write one header field, neither indexed nor compressed (RFC 7541, section 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


HEADERS = b"".join(
    literal(name, value)
    for name, value in (
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":path", b"/actas.decision.v1.DecisionService/Decide"),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    )
)
# HEADERS with END_HEADERS on stream 1, then DATA that promises a message and holds the first byte of it.
CALL = len(HEADERS).to_bytes(3) + b"\x01\x04\x00\x00\x00\x01" + HEADERS
BODY = b"\x00\x00\x06\x00\x00\x00\x00\x00\x01" + b"\x00\x00\x00\x00\x40\x08"


class Crowd:
    """All connections, and which of them are to get another byte."""

    def __init__(self, host: str, port: int, ca: str) -> None:
        """Say where they lead."""
        self.address = (host, port)
        self.context = ssl.create_default_context(cafile=ca)
        self.context.set_alpn_protocols(["h2"])
        self.open: list[socket.socket] = []
        self.slow: list[socket.socket] = []

    def on(self) -> None:
        """Open all of them."""
        for _ in range(IDLE + SLOW):
            self.open.append(socket.create_connection(self.address, 30))
        self.slow = self.open[-SLOW:]
        for number in range(QUIET + STUCK):
            plain = socket.create_connection(self.address, 30)
            secured = self.context.wrap_socket(plain, server_hostname="localhost")
            secured.sendall(PREFACE + (CALL + BODY if number < STUCK else b""))
            self.open.append(secured)

    def drip(self, byte: int) -> None:
        """Send the next byte of each slow handshake; one that the service closed is opened anew."""
        for number, connection in enumerate(self.slow):
            try:
                connection.sendall(HELLO[byte % len(HELLO) :][:1])
            except OSError:
                connection.close()
                self.slow[number] = socket.create_connection(self.address, 30)
                self.open.append(self.slow[number])

    def off(self) -> None:
        """Close all of them."""
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.close()
        self.open, self.slow = [], []


def main() -> None:
    """Do what standard input says, and drip in between."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin, selectors.EVENT_READ)
    byte = 0
    while True:
        if waiting.select(timeout=1.0):
            word = sys.stdin.readline().strip()
            if word not in ("on", "off"):
                return
            crowd.on() if word == "on" else crowd.off()
            sys.stdout.write(f"{word}\n")
            sys.stdout.flush()
        crowd.drip(byte)
        byte += 1


if __name__ == "__main__":
    main()

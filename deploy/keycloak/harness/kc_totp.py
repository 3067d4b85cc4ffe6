"""One-time codes as a phone shows them (RFC 6238), from the secret in the realm file."""

from __future__ import annotations

import hashlib
import hmac
import struct
import time

PERIOD_SECONDS = 30
DIGITS = 6


def code(secret: str, step: int) -> str:
    """Give the code of one period; Keycloak keeps a shared secret as plain text, not in base32."""
    digest = hmac.new(secret.encode(), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}}"


def candidates(secret: str) -> list[str]:
    """Give the codes that are good now: Keycloak takes each only once, and those of the neighbouring periods too."""
    now = int(time.time()) // PERIOD_SECONDS
    return [code(secret, step) for step in (now, now - 1, now + 1)]


def wait_for_the_next() -> None:
    """Wait until there is a code that nobody has used."""
    time.sleep(PERIOD_SECONDS - time.time() % PERIOD_SECONDS + 0.1)

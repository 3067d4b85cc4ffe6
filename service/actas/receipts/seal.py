"""What can be erased: encrypted under the salt of its subject, with a commitment to what was encrypted.

Without the salt nobody can read it, nor show by trying what it was. The chain runs over ciphertext and commitment, and
stays whole.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actas.receipts.entry import text_of, value_of

SALT_BYTES = 32
_NONCE_BYTES = 12


class BrokenSealError(ValueError):
    """What is sealed is not what was sealed under this salt."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The random name of one subject, and the keys that its salt gives."""

    subject: str
    _cipher: AESGCM = field(repr=False)
    _commits: bytes = field(repr=False)

    @classmethod
    def of(cls, subject: str, salt: bytes) -> Self:
        """Derive the keys from *salt* (HMAC-SHA-256 as a key derivation function, NIST SP 800-108)."""
        cipher = AESGCM(hmac.digest(salt, b"actas receipt: encryption", "sha256"))
        return cls(subject, cipher, hmac.digest(salt, b"actas receipt: commitment", "sha256"))

    def close(self, value: Mapping[str, Any], decision_id: str) -> dict[str, str]:
        """Encrypt *value* for the entry about *decision_id*, and commit to it."""
        plain, nonce = text_of(value), secrets.token_bytes(_NONCE_BYTES)
        ciphertext = self._cipher.encrypt(nonce, plain, decision_id.encode())
        return {
            "subject": self.subject,
            "commitment": _text(hmac.digest(self._commits, plain, "sha256")),
            "ciphertext": _text(nonce + ciphertext),
        }

    def open(self, sealed: Mapping[str, Any], decision_id: str) -> dict[str, Any]:
        """Decrypt what `close` gave; raises BrokenSealError when it is something else."""
        try:
            content = base64.b64decode(sealed["ciphertext"], validate=True)
            plain = self._cipher.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], decision_id.encode())
            committed = base64.b64decode(sealed["commitment"], validate=True)
        except (InvalidTag, KeyError, TypeError, ValueError):
            raise BrokenSealError from None
        if not hmac.compare_digest(committed, hmac.digest(self._commits, plain, "sha256")):
            raise BrokenSealError
        value: dict[str, Any] = value_of(plain)
        return value


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()

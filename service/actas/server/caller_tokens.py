"""The bearer tokens of callers: known by their hash, or JWTs that are verified with the keys of their issuer."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from actas.config import Caller
from actas.config.callers import JwtIdentity
from actas.errors import ConfigError
from actas.evidence import caller_jwt
from actas.evidence.keys import TrustedIssuer, read_keys
from actas.server.followed import Followed
from actas.server.metrics import Metrics

_MOST = 1024

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class _JwtCaller(Generic[C]):
    caller: C
    audience: str
    keys: Followed[TrustedIssuer]


@dataclass(frozen=True, slots=True)
class _Verified(Generic[C]):
    by: _JwtCaller[C]
    keys: TrustedIssuer
    until: float


class CallerTokens(Generic[C]):
    """Who shows which token. What stands for a caller is the affair of whoever asks.

    A plain hash is enough, and cheap enough for every call, because the tokens of `token_sha256` are random and long.
    A JWT is verified once; until it ends, or its issuer's keys change, its hash is known as well.
    """

    def __init__(
        self, callers: Iterable[tuple[Caller, C]], metrics: Metrics, clock: Callable[[], float] = time.time
    ) -> None:
        """Index *callers*; raises ConfigError when the keys of an issuer cannot be read."""
        self._clock = clock
        self._by_digest: dict[str, C] = {}
        self._by_subject: dict[tuple[str, str], _JwtCaller[C]] = {}
        self._verified: OrderedDict[str, _Verified[C]] = OrderedDict()
        for caller, stands in callers:
            self._by_digest |= dict.fromkeys(caller.token_sha256, stands)
            if caller.jwt is not None:
                known = _JwtCaller(stands, caller.jwt.audience, _followed(caller, caller.jwt, metrics))
                self._by_subject[caller.jwt.issuer, caller.jwt.subject] = known

    def find(self, token: str) -> C | None:
        """Give whose token this is; None where it is nobody's."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = self._by_digest.get(digest)
        return found if found is not None or not self._by_subject else self._find_jwt(token, digest)

    def _find_jwt(self, token: str, digest: str) -> C | None:
        now, before = self._clock(), self._verified.get(digest)
        if before is not None and before.until > now and before.by.keys.current() is before.keys:
            return before.by.caller
        self._verified.pop(digest, None)
        said = caller_jwt.said_by(token)
        by = self._by_subject.get((said.issuer, said.subject)) if said is not None else None
        if said is None or by is None:
            return None
        keys = by.keys.current()
        until = caller_jwt.verified_until(said, keys, by.audience, now=now)
        if until is None:
            return None
        self._verified[digest] = _Verified(by, keys, until)
        if len(self._verified) > _MOST:
            self._verified.popitem(last=False)
        return by.caller


def _followed(caller: Caller, jwt: JwtIdentity, metrics: Metrics) -> Followed[TrustedIssuer]:
    def read(found: Mapping[Path, bytes]) -> TrustedIssuer:
        return TrustedIssuer(read_keys(found[jwt.jwks_file], jwt.algorithms), frozenset(jwt.algorithms))

    try:
        return Followed(f"callers.{caller.name}.jwt", (jwt.jwks_file,), read, metrics)
    except (OSError, ValueError) as error:
        raise ConfigError("callers", f"'{caller.name}': {jwt.jwks_file} {error}") from None

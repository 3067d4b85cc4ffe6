"""How much one caller may ask, so that no caller is served at the cost of another."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from actas.config import Caller
from actas.errors import OverLimitError
from actas.limits import RequestLimits
from actas.server.ledger import Ledger
from actas.server.sparing import Sparing

RATE_LIMITED, CONCURRENCY_LIMITED = "CALLER_RATE_LIMITED", "CALLER_CONCURRENCY_LIMITED"

# A caller that does not stop asking fills no log.
_QUIET_SECONDS = 10.0


class Allowance:
    """The limits of one caller, the caller number *index* of *ledger*."""

    def __init__(self, caller: Caller, ledger: Ledger, index: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the limits of *caller*; *clock* is that of the machine, which all workers read alike."""
        self._ledger = ledger
        self._index = index
        self._clock = clock
        self._most = caller.max_concurrency
        self._seconds = 1 / caller.rate if caller.rate is not None else 0.0
        # A batch must fit into a bucket, or it would never pass.
        self._burst = caller.burst or max(math.ceil(caller.rate or 0), RequestLimits().batch)
        self._telling = Sparing(_QUIET_SECONDS, clock)
        # Times are sums of fractions: what is exactly full must not be over by a rounding.
        self._tolerance = self._burst * self._seconds * (1 + 1e-9)

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self._most is not None or bool(self._seconds)

    def __enter__(self) -> None:
        """Begin one call that asks for one decision.

        Raises:
            OverLimitError: the caller is over a limit, and the call has not begun.

        """
        if self._most is not None and self._ledger.under_way(self._index) >= self._most:
            raise self._over(f"the caller has {self._most} calls under way, and may have no more", CONCURRENCY_LIMITED)
        self.spend(1)
        self._ledger.begin(self._index)

    def __exit__(self, *_: object) -> None:
        """End a call that began."""
        self._ledger.end(self._index)

    def spend(self, decisions: int) -> None:
        """Use up so many *decisions* of the bucket, all or none; raises OverLimitError."""
        if not self._seconds or not decisions:
            return
        if decisions > self._burst:
            raise self._over(f"more decisions at once than the caller's burst, {self._burst}", RATE_LIMITED)
        # The generic cell rate algorithm (ITU-T I.371): the bucket is the time at which it is full again.
        now = self._clock()
        full = max(self._ledger.full_at(self._index), now) + decisions * self._seconds
        if (wait := full - now - self._tolerance) > 0:
            raise self._over("the caller has used up its rate", RATE_LIMITED, wait)
        self._ledger.fill_at(self._index, full)

    def _over(self, message: str, reason: str, retry_after: float = 0.0) -> OverLimitError:
        return OverLimitError(message, reason=reason, retry_after=retry_after, repeated=not self._telling.due())

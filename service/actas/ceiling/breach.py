"""The exception by which a check of the ceiling says which bound a policy result breaks."""

from __future__ import annotations


class BoundBroken(Exception):  # noqa: N818 - it names what happened; the service's errors are in actas.errors
    """A policy result would issue more than it may. *bound* names the bound and holds no request value."""

    def __init__(self, bound: str) -> None:
        super().__init__(bound)
        self.bound = bound


def require(holds: bool, bound: str) -> None:
    """Raise `BoundBroken` unless *holds* is true."""
    if holds is not True:
        raise BoundBroken(bound)

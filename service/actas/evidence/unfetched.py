"""What is known when nothing was fetched; kept apart from the fetching, whose HTTP client is slow to load."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "not_anchored",
    "unresolved",
    "private_address",
    "unreachable",
    "timeout",
    "redirect",
    "status",
    "too_large",
    "encoded",
]


class FetchError(Exception):
    """Nothing was fetched. `host` is where from; `reason` is a word for metrics and logs."""

    def __init__(self, host: str, reason: Reason) -> None:
        super().__init__(f"{host}: {reason}")
        self.host = host
        self.reason: Reason = reason

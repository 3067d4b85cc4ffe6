"""Where revocations are changed: a store that this command opens, or a running service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from actas.cli.exits import bad_input
from actas.receipts.delegations import LiveDelegation

if TYPE_CHECKING:
    from actas.client import Target

Entry = dict[str, Any]
Store = Annotated[
    str | None,
    typer.Option(
        "--receipts", envvar="ACTAS_RECEIPTS", metavar="URL", help="The service's store, where none is to be asked."
    ),
]


class Desk(Protocol):
    """What changes and tells what is revoked; raises ActasError."""

    def revoke(self, entries: Sequence[Entry]) -> int:
        """Revoke *entries*, and give the version of the state that has them."""

    def would_cut(self, entries: Sequence[Entry]) -> tuple[list[LiveDelegation], bool]:
        """Give the live delegations that *entries* would cut, and whether there may be more."""

    def restore(self, entries: Sequence[Entry], *, reason: str) -> tuple[int, list[Entry]]:
        """Take back whatever has the members of *entries*; gives the version, and what they were."""

    def in_force(self) -> list[Entry]:
        """Give what is revoked, oldest first, each with `version`, `recorded_at` and `recorded_by`."""

    def receive(self, security_event_token: str) -> tuple[int, list[Entry]]:
        """Hand on a signed security event; gives the version that has it, and what it revoked."""


@contextmanager
def asked(store: str | None, service: Target | None) -> Iterator[Desk]:
    """Give what the options name; a service comes before a store of the environment."""
    if service is not None:
        from actas.client.revocation_client import RevocationClient  # noqa: PLC0415 - gRPC is slow to load

        with RevocationClient(service) as client:
            yield client
        return
    if store is None or store == "none":
        raise bad_input(
            "say where: --target HOST:PORT, or --receipts sqlite:///PATH or postgresql://USER@HOST/DATABASE"
        )
    from actas.cli.revoking.store_desk import opened  # noqa: PLC0415 - SQLAlchemy is slow to load

    with opened(store) as of_store:
        yield of_store

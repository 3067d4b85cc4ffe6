"""The doorway to what is revoked: `actas.admin.v1.RevocationService`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import grpc
import structlog

from actas.admin.v1 import revocation_pb2
from actas.admin_wire.revocation import active_to_proto, live_to_proto, revocation_to_proto, revocations_from_proto
from actas.errors import EngineError, ProtocolError
from actas.evidence import security_events
from actas.policy.data import PolicyData
from actas.receipts.delegations import LiveDelegation
from actas.receipts.live import would_cut
from actas.revocation import log
from actas.revocation.change import Change
from actas.revocation.entry import KINDS, named, parse, parse_named, require_effect
from actas.revocation.feed import RevocationFeed
from actas.server import callers
from actas.server.doorway import Doorway, handler_of, refuse_unknown
from actas.server.interceptors import Context
from actas.server.listed_revocations import ListedRevocations
from actas.store import StoreThread

if TYPE_CHECKING:
    from sqlalchemy import Connection

SERVICE: Final = revocation_pb2.DESCRIPTOR.services_by_name["RevocationService"].full_name
_MOST: Final = 1000
_PAGE: Final = 100
_LONGEST_TOKEN: Final = 18
_LOCAL: Final = "local"
# gRPC's clients refuse answers of more than 4 MiB.
_MOST_BYTES: Final = 3 << 20
_FRAME_BYTES: Final = 8

T = TypeVar("T")
_log = structlog.get_logger("actas.state")


class RevocationServicer:
    """Changes the log of revocations in the store, and lists what is in force."""

    def __init__(
        self,
        feed: RevocationFeed,
        store: StoreThread,
        doorway: Doorway,
        *,
        data: Callable[[], PolicyData | None],
        audience: str,
    ) -> None:
        """Write into *store*, whose changes *feed* puts in force here.

        Security events are for *audience*; *data* gives the policy data that name their issuers.
        """
        self._feed = feed
        self._store = store
        self._doorway = doorway
        self._data = data
        self._audience = audience
        self._free = asyncio.Semaphore()
        self._listed = ListedRevocations()

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """Give what a gRPC server calls."""
        methods = {
            "Revoke": self.revoke,
            "Restore": self.restore,
            "ListRevocations": self.list_revocations,
            "ReceiveSecurityEvent": self.receive_security_event,
        }
        return handler_of(SERVICE, methods)

    async def revoke(self, data: bytes, context: Context) -> revocation_pb2.RevokeResponse:
        """Revoke, or say what that would cut."""
        by, asked = self._asked(revocation_pb2.RevokeRequest, data, context)
        entries = _valid(revocations_from_proto(_some(asked.revocations)), _effective)
        if asked.dry_run:
            found, truncated = await self._read(context, lambda store: would_cut(store, entries, time.time()))
            told = _fitting(found)
            return revocation_pb2.RevokeResponse(
                version=self._feed.version, delegations=told, truncated=truncated or len(told) < len(found)
            )
        version = await self._append([Change("revoke", entry, by, time.time()) for entry in entries])
        return revocation_pb2.RevokeResponse(version=version or self._feed.version)

    async def restore(self, data: bytes, context: Context) -> revocation_pb2.RestoreResponse:
        """Take back whatever has the members that are given."""
        by, asked = self._asked(revocation_pb2.RestoreRequest, data, context)
        wanted = _valid(revocations_from_proto(_some(asked.revocations)), parse_named)
        await self._feed.refresh()
        found = {str(named(entry)): named(entry) for one in wanted for entry in self._feed.having(one)}
        if not found:
            raise ProtocolError("revocations", "nothing of the kind is revoked", reason="NOT_REVOKED")
        why = {"reason": asked.reason} if asked.reason else {}
        version = await self._append([Change("restore", entry | why, by, time.time()) for entry in found.values()])
        return revocation_pb2.RestoreResponse(
            version=version or self._feed.version, restored=[revocation_to_proto(entry) for entry in found.values()]
        )

    async def list_revocations(self, data: bytes, context: Context) -> revocation_pb2.ListRevocationsResponse:
        """List what is in force, a page at a time."""
        _, asked = self._asked(revocation_pb2.ListRevocationsRequest, data, context)
        size = asked.page_size or _PAGE
        if not 1 <= size <= _MOST:
            raise ProtocolError("page_size", f"must be 1 to {_MOST}")
        if asked.kind not in ("", *KINDS):
            # None of a kind that there is not would read as: nobody is revoked.
            raise ProtocolError("kind", f"is one of {', '.join(KINDS)}")
        if asked.page_token and not (asked.page_token.isdecimal() and len(asked.page_token) <= _LONGEST_TOKEN):
            raise ProtocolError("page_token", "is none of ListRevocations")
        after = int(asked.page_token or 0)
        page, more = await self._listed.page(
            lambda look: self._read(context, look),
            version=self._feed.version, after=after, kind=asked.kind, size=size,
        )  # fmt: skip
        return revocation_pb2.ListRevocationsResponse(
            revocations=map(active_to_proto, page),
            next_page_token=str(page[-1].version) if more else "",
            version=self._feed.version,
        )

    async def receive_security_event(
        self, data: bytes, context: Context
    ) -> revocation_pb2.ReceiveSecurityEventResponse:
        """Take in one security event, once."""
        by, asked = self._asked(revocation_pb2.ReceiveSecurityEventRequest, data, context)
        serving, now = self._data(), time.time()
        if serving is None:
            raise EngineError("no policy revision is active, so nobody knows whose events to believe")
        try:
            event = security_events.verified(
                asked.security_event_token,
                serving.event_issuers,
                audience=self._audience,
                now=now,
                skew=serving.settings["clock_skew_seconds"],
            )
        except ProtocolError as error:
            _log.warning("SET_REJECTED", problem=error.message, caller=by)
            raise
        told = {"iss": event.issuer, "jti": event.id}
        version = await self._append([Change("revoke", entry, event.issuer, now, told) for entry in event.entries])
        return revocation_pb2.ReceiveSecurityEventResponse(
            version=version or self._feed.version,
            revocations=[] if version is None else [revocation_to_proto(entry) for entry in event.entries],
            known=version is None,
        )

    async def _append(self, changes: Sequence[Change]) -> int | None:
        """Write *changes* durably and put them in force here; None where their event was known."""
        version = await self._store.run(lambda connection: log.append(connection, changes))
        # What is durable is in force at the latest when the answer leaves; the other processes see it as soon.
        await self._feed.refresh()
        for change in changes if version is not None else ():
            _log.info(f"{change.what}d", kind=change.entry["kind"], by=change.by, version=version)
        return version

    async def _read(self, context: Context, look: Callable[[Connection], T]) -> T:
        def read() -> T:
            with self._store.database.reading() as connection:
                return look(connection)

        # One at a time: decisions have the other threads, and connections.
        async with asyncio.timeout(self._doorway.end(context) - time.monotonic()), self._free:
            return await asyncio.to_thread(read)

    def _asked(self, kind: Any, data: bytes, context: Context) -> tuple[str, Any]:
        """Give who asks, and what."""
        caller = callers.current.get()
        caller.require("revoke", context.peer())
        asked = self._doorway.parse(kind, data)
        refuse_unknown(asked)
        return caller.name or _LOCAL, asked


def _some(messages: Sequence[Any]) -> Sequence[Any]:
    if not 1 <= len(messages) <= _MOST:
        raise ProtocolError("revocations", f"must be 1 to {_MOST}")
    return messages


def _fitting(found: Sequence[LiveDelegation]) -> list[revocation_pb2.LiveDelegation]:
    """Write as many, the longest usable first, as any client takes in one answer."""
    told: list[revocation_pb2.LiveDelegation] = []
    size = 0
    for live in found:
        message = live_to_proto(live)
        size += message.ByteSize() + _FRAME_BYTES
        if told and size > _MOST_BYTES:
            break
        told.append(message)
    return told


def _effective(document: dict[str, Any]) -> dict[str, Any]:
    """Read what is to be revoked; raises ValueError, also where it would revoke nobody."""
    entry = parse(document)
    require_effect(entry, time.time())
    return entry


def _valid(documents: Sequence[dict[str, Any]], read: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    entries = []
    for place, document in enumerate(documents):
        try:
            entries.append(read(document))
        except ValueError as error:
            raise ProtocolError(f"revocations[{place}]", str(error)) from None
    return entries

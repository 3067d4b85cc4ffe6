"""The doorway to receipts and outcomes. What is found, and what contradicts what, is said elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import grpc

from actas.admin.v1 import receipts_pb2
from actas.admin_wire import receipts as wire
from actas.admin_wire.outcome import outcome_from_proto
from actas.errors import ProtocolError
from actas.receipts import agents, listing, tree_query
from actas.receipts.answers import DEFAULT_SECONDS, MOST_HOPS, Hours
from actas.receipts.filters import PageToken, check_page_size
from actas.receipts.kept import KeptReceipt
from actas.receipts.reporting import Reports
from actas.server import callers
from actas.server.callers import CallerIdentity
from actas.server.doorway import Doorway, handler_of
from actas.server.interceptors import Context
from actas.store import Database
from actas.wire.unknown import refuse_unknown
from actas.wire.values import moment_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

SERVICE: Final = receipts_pb2.DESCRIPTOR.services_by_name["ReceiptService"].full_name
_PAGE: Final = 100
# gRPC's clients refuse answers of more than 4 MiB.
_MOST_BYTES: Final = 3 << 20
# How many questions a process looks up at a time: decisions have the other threads, and connections.
_AT_ONCE: Final = 2

T = TypeVar("T")


class ReceiptServicer:
    """`actas.admin.v1.ReceiptService`."""

    def __init__(
        self, database: Database, reports: Reports, doorway: Doorway, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Answer from *database*, record with *reports*; *clock* gives seconds since the epoch."""
        self._database = database
        self._reports = reports
        self._doorway = doorway
        self._clock = clock
        self._free = asyncio.Semaphore(_AT_ONCE)

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """Give what a gRPC server calls."""
        return handler_of(
            SERVICE,
            {
                "ListReceipts": self.list_receipts,
                "GetTree": self.get_tree,
                "CompareAgents": self.compare_agents,
                "ReportOutcome": self.report_outcome,
            },
        )

    async def list_receipts(self, data: bytes, context: Context) -> receipts_pb2.ListReceiptsResponse:
        """List one page of receipts."""
        asked = self._asked(receipts_pb2.ListReceiptsRequest, data, context)
        wanted = wire.filter_from_proto(asked.filter)
        size = check_page_size(asked.page_size or _PAGE)
        page = await self._read(context, lambda store: listing.page(store, wanted, size=size, token=asked.page_token))
        told = _fitting(page.receipts)
        cut = len(told) < len(page.receipts)
        after = PageToken(page.receipts[len(told) - 1].place).render(wanted) if cut else page.next_token
        return receipts_pb2.ListReceiptsResponse(receipts=told, next_page_token=after)

    async def get_tree(self, data: bytes, context: Context) -> receipts_pb2.GetTreeResponse:
        """Give the tree of one decision."""
        asked = self._asked(receipts_pb2.GetTreeRequest, data, context)
        if not asked.id:
            raise ProtocolError("id", "is required")
        most = asked.limit or MOST_HOPS
        if not 1 <= most <= MOST_HOPS:
            raise ProtocolError("limit", f"must be 1 to {MOST_HOPS}")
        tree = await self._read(context, lambda store: tree_query.tree_of(store, asked.id, most=most))
        told = _fitting(tree.receipts)
        return receipts_pb2.GetTreeResponse(receipts=told, truncated=tree.truncated or len(told) < len(tree.receipts))

    async def compare_agents(self, data: bytes, context: Context) -> receipts_pb2.CompareAgentsResponse:
        """Compare the versions of agents."""
        asked = self._asked(receipts_pb2.CompareAgentsRequest, data, context)
        since = moment_of(asked.since, "since") if asked.HasField("since") else self._clock() - DEFAULT_SECONDS
        hours = Hours.around(since, moment_of(asked.until, "until") if asked.HasField("until") else None)
        versions = await self._read(context, lambda store: agents.compare(store, hours, agent=asked.agent))
        return receipts_pb2.CompareAgentsResponse(versions=map(wire.agent_version_to_proto, versions))

    async def report_outcome(self, data: bytes, context: Context) -> receipts_pb2.ReportOutcomeResponse:
        """Record what became of a decision."""
        end, caller = self._doorway.end(context), callers.current.get()
        asked = self._doorway.parse(receipts_pb2.ReportOutcomeRequest, data)
        refuse_unknown(asked)
        if not asked.decision_id:
            raise ProtocolError("decision_id", "is required")
        async with asyncio.timeout(end - time.monotonic()):
            recorded = await self._reports.report(
                asked.decision_id,
                outcome_from_proto(asked.outcome),
                reporter=caller.name,
                permitted=lambda issuer: _require_outcome(caller, issuer),
            )
        return receipts_pb2.ReportOutcomeResponse(recorded=recorded)

    def _asked(self, kind: type[Any], data: bytes, context: Context) -> Any:
        callers.current.get().require("receipts", context.peer())
        asked = self._doorway.parse(kind, data)
        refuse_unknown(asked)
        return asked

    async def _read(self, context: Context, look: Callable[[Connection], T]) -> T:
        def read() -> T:
            with self._database.reading() as connection:
                return look(connection)

        async with asyncio.timeout(self._doorway.end(context) - time.monotonic()), self._free:
            return await asyncio.to_thread(read)


def _fitting(receipts: Sequence[KeptReceipt]) -> list[receipts_pb2.Receipt]:
    """Write as many *receipts*, at least one, as any client takes in one answer."""
    told: list[receipts_pb2.Receipt] = []
    size = 0
    for receipt in receipts:
        message = wire.receipt_to_proto(receipt)
        size += message.ByteSize()
        if told and size > _MOST_BYTES:
            break
        told.append(message)
    return told


def _require_outcome(caller: CallerIdentity, issuer: str) -> None:
    """Refuse a report on a decision of an *issuer* that the caller may not speak for, without the permission."""
    if "outcome" not in caller.permissions:
        caller.require_authorization_server(issuer)

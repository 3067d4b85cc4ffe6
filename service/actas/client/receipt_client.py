"""The client for receipts: what was decided, for auditors and operators."""

from __future__ import annotations

from actas.admin.v1 import receipts_pb2, receipts_pb2_grpc
from actas.admin_wire import receipts as wire
from actas.client.admin_client import AdminClient
from actas.receipts.answers import MOST_HOPS, AgentVersion, Page, TreeReceipts
from actas.receipts.filters import ReceiptFilter
from actas.wire.values import timestamp_of


class ReceiptClient(AdminClient):
    """Asks a running service for its receipts. The caller needs the permission `receipts`.

    Every method raises ProtocolError where the question is malformed, and EngineError where there is no answer.
    """

    STUB = receipts_pb2_grpc.ReceiptServiceStub

    def page(self, wanted: ReceiptFilter, *, size: int, token: str = "") -> Page:
        """Give one page of the receipts that are *wanted*, newest first."""
        asked = receipts_pb2.ListReceiptsRequest(filter=wire.filter_to_proto(wanted), page_size=size, page_token=token)
        answer = self._call("ListReceipts", asked)
        return Page([wire.receipt_from_proto(receipt) for receipt in answer.receipts], answer.next_page_token)

    def tree(self, decision_id: str, *, most: int = MOST_HOPS) -> TreeReceipts:
        """Give at most *most* receipts of the tree that has *decision_id*, oldest first."""
        answer = self._call("GetTree", receipts_pb2.GetTreeRequest(id=decision_id, limit=most))
        return TreeReceipts([wire.receipt_from_proto(receipt) for receipt in answer.receipts], answer.truncated)

    def agents(self, *, since: float, until: float | None = None, agent: str = "") -> list[AgentVersion]:
        """Give what was decided for each version of *agent*, or of all agents; times are seconds since the epoch."""
        asked = receipts_pb2.CompareAgentsRequest(agent=agent, since=timestamp_of(since))
        if until is not None:
            asked.until.CopyFrom(timestamp_of(until))
        return [wire.agent_version_from_proto(version) for version in self._call("CompareAgents", asked).versions]

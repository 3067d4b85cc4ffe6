"""Takes the reports of what became of decisions: each part of an outcome once, as an entry of the chain."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from actas.errors import ProtocolError, Status
from actas.receipts import documents
from actas.receipts.entry import NOBODY, Entry
from actas.receipts.kept import KeptReceipt
from actas.receipts.outcome import ISSUED, SIDE_EFFECT, Outcome
from actas.store import Database, Lane

MOST_REFUSED = 10
"""How many contradicting reports of one decision are recorded; each is logged."""
# How many are looked up at a time: decisions have the other threads, and connections.
_AT_ONCE = 2
_log = structlog.get_logger("actas.receipts")


class Reports:
    """Records outcomes beside the receipts that they are about."""

    def __init__(self, database: Database, lane: Lane[Entry], *, clock: Callable[[], float] = time.time) -> None:
        """Read from *database*, write into *lane*; *clock* gives seconds since the epoch."""
        self._database = database
        self._lane = lane
        self._clock = clock
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def report(
        self, decision_id: str, outcome: Outcome, *, reporter: str, permitted: Callable[[str], None]
    ) -> bool:
        """Record *outcome* and say whether any of it is new; it is durable then.

        *permitted* raises unless the *reporter* may report on decisions of that authorization server.

        Raises:
            ProtocolError: NOT_FOUND where there is no such decision (yet), ALREADY_EXISTS where the decision or an
                earlier report says otherwise; that one is recorded as refused.
            StoreError: it is not known to be durable; reporting again is safe.

        """
        known = await self._known(decision_id)
        permitted(str(known.document["authorization_server"]))
        await self._refuse_contradiction(known, outcome, reporter)
        recorded = _parts(known.outcome)
        new = {name: part for name, part in outcome.parts().items() if name not in recorded}
        if not new:
            return False
        await asyncio.gather(*(self._lane.put(self._entry(known, part, name, reporter)) for name, part in new.items()))
        # Another process may have been told something else at the same time: whoever came second hears of it.
        await self._refuse_contradiction(await self._known(decision_id), outcome, reporter)
        return True

    async def _known(self, decision_id: str) -> KeptReceipt:
        def read() -> list[KeptReceipt]:
            with self._database.reading() as connection:
                return documents.kept(connection, [decision_id])

        async with self._free:
            found = await asyncio.to_thread(read)
        if not found:
            raise ProtocolError(
                "decision_id", "there is no such decision", status=Status.NOT_FOUND, reason="DECISION_UNKNOWN"
            )
        return found[0]

    async def _refuse_contradiction(self, known: KeptReceipt, outcome: Outcome, reporter: str) -> None:
        if not known.allowed and (outcome.issued or outcome.side_effect):
            part, problem = ISSUED if outcome.issued else SIDE_EFFECT, "nothing may come of a DENY"
        elif part := outcome.contradicts(_parts(known.outcome)):
            problem = "another outcome was reported before"
        else:
            return
        _log.warning("outcome_refused", decision_id=known.decision_id, part=part, reporter=reporter, problem=problem)
        if len(known.outcome.get("refused", ())) < MOST_REFUSED:
            said = json.dumps([reporter, outcome.to_document()], sort_keys=True)
            name = documents.REFUSED + hashlib.sha256(said.encode()).hexdigest()[:16]
            await self._lane.put(self._entry(known, outcome, name, reporter))
        raise ProtocolError(f"outcome.{part}", problem, status=Status.ALREADY_EXISTS, reason="OUTCOME_CONTRADICTS")

    def _entry(self, known: KeptReceipt, outcome: Outcome, part: str, reporter: str) -> Entry:
        said = outcome.to_document()
        detail = said.pop("detail", "")
        subject = known.document.get("subject", {})
        # Free text goes with its subject when that is erased; where it was already, there is nobody to keep it for.
        sealed = {"detail": detail} if detail and subject else {}
        party = (subject.get("iss", ""), subject.get("sub", "")) if sealed else NOBODY
        document = {"evaluated_at": self._clock(), "reporter": reporter, "report": said}
        # The same report may come twice at once, and its part may be there: it is looked for before it is written.
        return Entry("outcome", known.decision_id, document, sealed, party, part=part, again=True)


def _parts(outcome: Mapping[str, Any]) -> dict[str, Outcome]:
    """Give the parts of what was reported, each as its own report: together they may be impossible."""
    parts = {}
    if ISSUED in outcome:
        issued = {name: outcome[name] for name in ("issued", "issued_jti", "issued_digest") if name in outcome}
        parts[ISSUED] = Outcome(**issued)
    if SIDE_EFFECT in outcome:
        parts[SIDE_EFFECT] = Outcome(side_effect=outcome[SIDE_EFFECT])
    return parts

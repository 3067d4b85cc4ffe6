"""Receipts out of the store: their documents, unsealed, and what was reported of their decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, any_, bindparam, select

from actas.receipts.entry import value_of
from actas.receipts.kept import KeptReceipt
from actas.receipts.seal import BrokenSealError, Seal
from actas.store.schema import receipts, subjects

DECISION: Final = "decision"
OUTCOME: Final = "outcome"
REFUSED: Final = "refused:"
"""What the part of a report begins with that contradicted an earlier one."""
_OF_THE_CHAIN = ("sealed", "kind", "part", "writer", "seq")

Document = dict[str, Any]


def kept(connection: Connection, decision_ids: Iterable[str]) -> list[KeptReceipt]:
    """Give the receipts of these decisions, in the order asked for; what is not there is left out."""
    asked = list(decision_ids)
    columns = receipts.c
    rows = connection.execute(
        select(
            columns.writer,
            columns.seq,
            columns.kind,
            columns.part,
            columns.decision_id,
            columns.document,
            columns.evaluated_at,
        )
        .where(_is_one_of(connection, columns.decision_id, asked), columns.kind.in_((DECISION, OUTCOME)))
        .order_by(columns.evaluated_at)
    ).all()
    documents = [_document(row) for row in rows]
    seals = seals_of(connection, documents)
    found: dict[str, tuple[int, int, Document]] = {}
    reports: dict[str, list[tuple[str, Document]]] = {}
    for (writer, seq, kind, part, decision_id, *_), document in zip(rows, documents, strict=True):
        opened = unsealed(document, seals)
        if kind == DECISION:
            found[decision_id] = (writer, seq, opened)
        else:
            reports.setdefault(decision_id, []).append((part, opened))
    return [KeptReceipt(*found[name], _outcome(reports.get(name, ()))) for name in asked if name in found]


def _document(row: Any) -> Document:
    """Read the document of *row*, or say that nobody can: what was done to one receipt must not hide the others."""
    with suppress(AttributeError, LookupError, RecursionError, TypeError, ValueError):
        document: Document = value_of(row.document)
        float(document["evaluated_at"])
        sealed = document.get("sealed", {"subject": ""})
        if isinstance(document["decision_id"], str) and isinstance(sealed["subject"], str):
            return document
    return {"decision_id": row.decision_id, "evaluated_at": row.evaluated_at, "unreadable": True}


def unsealed(document: Document, seals: Mapping[str, Seal]) -> Document:
    """Give *document* as it was before it was sealed, or without what its subject's erasure took."""
    opened = document.copy()
    for name in _OF_THE_CHAIN:
        opened.pop(name, None)
    sealed = document.get("sealed")
    if sealed is None:
        return opened
    seal = seals.get(sealed["subject"])
    if seal is None:
        return {**opened, "erased": True}
    try:
        hidden = seal.open(sealed, document["decision_id"])
    except BrokenSealError:
        # Whoever looks must see that something is wrong; what it is, `actas receipts verify` says.
        return {**opened, "unreadable": True}
    if "source_digest" in hidden:
        opened["source_token"] = {**opened.get("source_token", {}), "digest": hidden.pop("source_digest")}
    opened |= hidden
    return opened


def place_of(document: Document) -> Document:
    """Give what says which entry of which chain *document* is, and of what kind."""
    return {name: document[name] for name in ("writer", "seq", "kind", "part")}


def seals_of(connection: Connection, documents: Iterable[Document]) -> dict[str, Seal]:
    """Give the seals of *documents*, by the random names of their subjects, that were not erased."""
    names = {document["sealed"]["subject"] for document in documents if "sealed" in document}
    if not names:
        return {}
    rows = connection.execute(
        select(subjects.c.subject, subjects.c.salt).where(_is_one_of(connection, subjects.c.subject, names))
    )
    return {row.subject: Seal.of(row.subject, bytes(row.salt)) for row in rows}


def _is_one_of(connection: Connection, column: ColumnElement[str], names: Collection[str]) -> ColumnElement[bool]:
    """Say that *column* is one of *names*, as the database reads it fastest where there are a thousand of them."""
    if connection.dialect.name == "sqlite":
        return column.in_(names)
    return column == any_(bindparam("names", list(names), type_=ARRAY(Text), unique=True))


def _outcome(reports: Iterable[tuple[str, Document]]) -> Document:
    """Say what all *reports* together say, who said it and when, and what was refused."""
    said: Document = {}
    reported: Document = {}
    refused: list[Document] = []
    for part, report in reports:
        by = {"reporter": report.get("reporter", ""), "reported_at": report["evaluated_at"]}
        content = {**report.get("report", {}), **({"detail": report["detail"]} if "detail" in report else {})}
        if part.startswith(REFUSED):
            refused.append({**content, **by})
        else:
            said |= content
            reported[part] = by
    return {**said, **({"reported": reported} if reported else {}), **({"refused": refused} if refused else {})}

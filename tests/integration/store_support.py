"""A store with receipts of several writers, and the sink with what was said about them, made without a service."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actas.evidence.signing import SigningKey, new_key
from actas.identifiers import DecisionIds
from actas.receipts import statements
from actas.receipts.against import Reading, Said
from actas.receipts.chain import GENESIS, ChainWriter, Head, link
from actas.receipts.entry import Entry, text_of, value_of
from actas.receipts.findings import Report
from actas.receipts.record import Record
from actas.receipts.statements import Sink, trusted
from actas.receipts.verify import verify
from actas.store import Database

IDS = DecisionIds()
AS = "https://as.example.com"
PEOPLE = ("alice", "bob", "carol", "dave")
TARGETS = ("https://mail.example.com/", "https://pay.example.com/", "https://files.example.com/")


def entry(sub: str = "alice", **changes: Any) -> Entry:
    """Give the entry of a decision about *sub*."""
    decision_id = IDS.new(time.time())
    document: dict[str, Any] = {
        "decision_id": decision_id,
        "root_decision_id": decision_id,
        "evaluated_at": time.time(),
        "effect": "ALLOW",
        "authorization_server": AS,
        "client": {"client_id": "agent-mail"},
        "subject": {"iss": AS, "sub": sub},
        "actor": {"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent/mail", "agent": "mail"},
        "source_token": {"token_type": "urn:ietf:params:oauth:token-type:access_token", "jti": "st-1"},
        "target": [TARGETS[0]],
        "requested_scope": "mail.read",
        "purpose": "triage",
        "request_digest": "sha256:00",
    }
    return Entry.of(Record(decision_id, document | changes))


@dataclass
class Filled:
    """A store with the sink of its checkpoints."""

    folder: Path
    key: SigningKey
    writers: list[ChainWriter]

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return self.folder / "receipts.db"

    @property
    def url(self) -> str:
        """Where the store is."""
        return f"sqlite:///{self.file}"

    @property
    def sink(self) -> Sink:
        """Where its checkpoints are."""
        return Sink(self.folder / "checkpoints.jws")

    def begin(self) -> ChainWriter:
        """Start a process that writes, and has written its first entries."""
        writer = ChainWriter(f"host/{len(self.writers)}")
        self.writers.append(writer)
        self.write(writer, 1)
        return writer

    def write(self, writer: ChainWriter, count: int, **changes: Any) -> None:
        """Write so many decisions in one transaction."""
        database = Database.open(self.url)
        with database.writing() as connection:
            writer.write(connection, [entry(PEOPLE[n % len(PEOPLE)], **changes) for n in range(count)])
        writer.settled(committed=True)
        database.close()

    def checkpoint(self) -> None:
        """Say how far every chain reaches now."""
        heads = [writer.head for writer in self.writers if writer.head is not None]
        self.sink.add(statements.of("checkpoint", self.writers[0].store_id, heads), self.key)

    def verify(self, *, anchored: bool = True) -> Report:
        """Verify it as `actas receipts verify` does, with the sink or without it."""
        report, said = Report(), Said.nothing()
        if anchored:
            said = Reading(self.sink, trusted(self.key.public_keys().encode())).go_on(report, _silent)
        database = Database.open(self.url, migrate=False)
        with database.reading() as connection:
            verify(connection, said, report, _silent)
        database.close()
        return report

    def found(self, *, anchored: bool = True) -> list[tuple[str, int, int]]:
        """Give kind, writer and entry of everything that it finds."""
        return [
            (finding.kind.value, finding.writer, finding.seq) for finding in self.verify(anchored=anchored).findings
        ]

    def kinds(self, *, anchored: bool = True) -> set[str]:
        """Give the kinds of what it finds."""
        return {kind for kind, _, _ in self.found(anchored=anchored)}


def _silent(_doing: str) -> None:
    """Say nothing."""


def filled(folder: Path, *, writers: int = 3, each: int = 20) -> Filled:
    """Make a store in which several writers took turns, with a checkpoint after each turn."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Filled(folder, new_key(), [])
    (folder / "jwks.json").write_text(made.key.public_keys(), encoding="utf-8")
    for _ in range(writers):
        made.begin()
    for turn in range(4):
        for writer in made.writers:
            made.write(writer, each // 4, target=list(TARGETS[: 1 + turn % 3]))
        made.checkpoint()
        time.sleep(0.01)
    return made


def tamper(store: Filled, *statements: str) -> None:
    """Do what somebody with a SQL shell does."""
    connection = sqlite3.connect(store.file)
    for statement in statements:
        assert connection.execute(statement).rowcount != 0, statement
    connection.commit()
    connection.close()


def recompute(store: Filled, writer: int, change: Callable[[dict[str, object]], None]) -> None:
    """Change every entry of *writer*, and make a chain of them that holds together, as the store's own code would."""
    connection = sqlite3.connect(store.file)
    prev, last = GENESIS, 0
    rows = connection.execute("SELECT seq, document FROM receipts WHERE writer = ? ORDER BY seq", (writer,)).fetchall()
    for seq, document in rows:
        changed = value_of(document)
        change(changed)
        content = text_of(changed)
        hashed = link(prev, content)
        connection.execute(
            "UPDATE receipts SET document = ?, prev = ?, hash = ?, effect = ? WHERE writer = ? AND seq = ?",
            (content.decode(), prev, hashed, changed.get("effect"), writer, seq),
        )
        prev, last = hashed, seq
    connection.execute("UPDATE writers SET seq = ?, head = ? WHERE writer = ?", (last, prev, writer))
    connection.commit()
    connection.close()


def cli(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run `actas` with *arguments*, and give its exit status and the JSON that it printed."""
    command = [sys.executable, "-m", "actas", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)


def head(writer: ChainWriter) -> Head:
    """Give the last entry of *writer*."""
    assert writer.head is not None
    return writer.head


def other(value: object, chance: random.Random) -> object:
    """Give another value of the same type."""
    if isinstance(value, bytes):
        place = chance.randrange(len(value))
        return value[:place] + bytes([value[place] ^ chance.randrange(1, 256)]) + value[place + 1 :]
    if isinstance(value, str) and value:
        place = chance.randrange(len(value))
        replaced = chance.choice([sign for sign in "abcxyz019" if sign != value[place]])
        return value[:place] + replaced + value[place + 1 :]
    if isinstance(value, int):
        return value + chance.randrange(1, 1000)
    if isinstance(value, float):
        return value + chance.uniform(1, 1000)
    return "made up"

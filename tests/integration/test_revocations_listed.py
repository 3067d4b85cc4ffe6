"""Pages of what is in force: each revocation once, and the log read once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actas.admin.v1 import revocation_pb2
from actas.client.revocation_client import RevocationClient
from actas.errors import ProtocolError
from actas.revocation import log
from actas.revocation.change import Change, Recorded
from actas.revocation.entry import KINDS
from actas.server.listed_revocations import ListedRevocations, Look
from actas.store import Database
from revocation_support import settings
from service_support import lasting


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RevocationClient]:
    """A client of a service with a store."""
    folder = tmp_path_factory.mktemp("service")
    given = settings(folder, f"sqlite:///{folder}/receipts.db")
    with lasting(folder, given) as running, RevocationClient(running.address) as client:
        yield client


async def test_the_log_is_read_once_for_all_pages_of_one_version(tmp_path: Path) -> None:
    """A hundred thousand revocations have a hundred pages."""
    database, reads = Database.open(f"sqlite:///{tmp_path}/receipts.db"), []
    with database.writing() as connection:
        entries = [{"kind": "jti", "jti": f"t-{n}"} for n in range(5)] + [{"kind": "jti", "jti": "o", "until": 5}]
        log.append(connection, [Change("revoke", entry, "bob", 1.0) for entry in entries])

    async def read(look: Look) -> list[Recorded]:
        reads.append(time.time())
        with database.reading() as connection:
            return look(connection)

    listed, after, seen = ListedRevocations(), 0, []
    for _ in range(3):
        page, more = await listed.page(read, version=6, after=after, kind="", size=2)
        seen += [one.change.entry["jti"] for one in page]
        after = page[-1].version
    assert (seen, more, len(reads)) == (["t-0", "t-1", "t-2", "t-3", "t-4"], False, 1)

    await listed.page(read, version=6, after=0, kind="", size=2)
    await listed.page(read, version=7, after=2, kind="", size=2)
    assert len(reads) == 3, "another version, or the first page, is read"
    database.close()


def test_pages_of_a_service_have_everything_once(client: RevocationClient) -> None:
    """Of all kinds, or of one."""
    client.revoke([{"kind": "jti", "jti": f"t-{number}"} for number in range(4)] + [{"kind": "agent", "id": "mail"}])
    seen, token = [], None
    while token != "":
        asked = revocation_pb2.ListRevocationsRequest(page_size=2, page_token=token)
        answer = client._call("ListRevocations", asked)
        seen += [one.revocation.jti or one.revocation.id for one in answer.revocations]
        token = answer.next_page_token

    assert seen == ["t-0", "t-1", "t-2", "t-3", "mail"]
    assert [entry["id"] for entry in client.in_force("agent")] == ["mail"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"kind": "actor-prefix"}, "kind"),
        ({"page_token": "9" * 5000}, "page_token"),
        ({"page_token": "x"}, "page_token"),
    ],
)
def test_a_question_that_nothing_answers_is_refused(
    client: RevocationClient, asked: dict[str, str], field: str
) -> None:
    """That nothing of a kind is revoked must not be said of a kind that there is not."""
    with pytest.raises(ProtocolError) as refused:
        client._call("ListRevocations", revocation_pb2.ListRevocationsRequest(**asked))
    assert refused.value.field == field
    assert "actor_prefix" in KINDS

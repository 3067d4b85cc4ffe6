"""What README.md tells somebody with a Keycloak of their own to do is done, word by word, with a new one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import kc_actas
import kc_dist
import kc_maven
import pytest
from kc_server import Keycloak
from kc_tokens import Tokens

from keycloak_support import KEYCLOAK, POLICIES, ROOT
from keycloak_world import claims
from readme_blocks import blocks

pytestmark = pytest.mark.slow

SHADED = "actas/keycloak/shaded/io/grpc/okhttp/OkHttpChannelBuilder.class"
# The blocks of the section, after the one that runs the demonstration.
INSTALL, REALM, DOCTOR = (
    block
    for block in blocks(ROOT / "README.md")
    if "keycloak" in block.text.lower() and block.language == "sh" and "make demo" not in block.text
)


@dataclass(frozen=True)
class Followed:
    """Whoever followed the README, what the doctor then said, and how the jar looked while it was built."""

    keycloak: Keycloak
    actas: kc_actas.Actas
    doctor: subprocess.CompletedProcess[str]
    jars: Sequence[str]


def new_keycloak(folder: Path) -> Path:
    """Give a Keycloak as it is unpacked, without the provider; what a build writes is a copy."""
    home = folder / "keycloak"
    kc_dist.ensure(print, with_provider=False)
    original = kc_dist.cache() / f"{kc_dist.VERSION}-original"
    written = shutil.ignore_patterns("quarkus", "conf", "providers")
    shutil.copytree(original, home, copy_function=os.link, ignore=written)
    for name in ("lib/quarkus", "conf", "providers"):
        shutil.copytree(original / name, home / name)
    return home


def follow(text: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a block in the root of the repository."""
    return subprocess.run(
        ["bash", "-eu", "-c", text],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """Note each state of the provider's jar, from outside, whenever there is one, and its last."""
    seen: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            with contextlib.suppress(FileNotFoundError):
                note(kc_maven.JAR)

    def note(jar: Path) -> None:
        try:
            with zipfile.ZipFile(jar) as content:
                state = "whole" if SHADED in content.namelist() else "without its libraries"
        except zipfile.BadZipFile:
            state = "half-written"
        if seen[-1:] != [state]:
            seen.append(state)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        done.set()
        looking.join()
    note(kc_maven.JAR)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    """Follow the section from its second block to its last."""
    folder = tmp_path_factory.mktemp("readme")
    home = new_keycloak(folder)
    binary = folder / "bin" / "actas"
    binary.parent.mkdir()
    binary.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m actas "$@"\n', encoding="utf-8")
    binary.chmod(0o755)
    # Where kcadm keeps its session.
    environment = {"KEYCLOAK_HOME": str(home), "KC_OPTS": f"-Duser.home={folder}"}
    environment["PATH"] = os.pathsep.join([str(binary.parent), os.environ["PATH"]])
    with kc_actas.Actas(policies=[POLICIES]) as actas:
        with watched() as jars:
            installed = follow(INSTALL.text.replace("127.0.0.1:50051", actas.address), environment)
        assert installed.returncode == 0, installed.stdout + installed.stderr
        # The realm comes without our profile and policy: these are what the next block adds.
        with Keycloak(home, with_provider=False) as keycloak:
            here = str(keycloak.port)
            password = keycloak.admin_password
            realm = follow(REALM.text.replace("8180", here), environment | {"KC_CLI_PASSWORD": password})
            assert realm.returncode == 0, realm.stdout + realm.stderr
            asked = DOCTOR.text.replace("8180", here).replace("=…", f"={password}")
            asked = asked.replace("--policies policies", f"--policies {KEYCLOAK / 'policies'}")
            yield Followed(keycloak, actas, follow(asked, environment), jars)


def test_what_is_built_is_never_seen_unfinished(followed: Followed) -> None:
    """Somebody who starts a Keycloak meanwhile, or interrupts Maven, is not left with a jar that Keycloak dies of."""
    assert followed.jars == ["whole"]


def test_the_doctor_finds_nothing_to_change(followed: Followed) -> None:
    """A realm that was set up as the README says is right."""
    assert followed.doctor.returncode == 0, followed.doctor.stdout + followed.doctor.stderr


def test_an_exchange_is_decided(followed: Followed) -> None:
    """The first exchange is allowed, with the actor in the token and the decision in Actas' log."""
    with contextlib.closing(Tokens(followed.keycloak)) as tokens:
        alice = tokens.password_grant("alice", "chat-ui", "orders:read").token
        answer = tokens.hop("on-call", alice, "investigator", "orders:read")

    assert answer.status == 200
    (decided,) = followed.actas.decisions()
    assert claims(answer.token)["decision_id"] == decided["decision_id"]

"""Maven, Java and the provider's jar: what has to be there, and what is built with it."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

Say = Callable[[str], None]

PROVIDER = Path(__file__).resolve().parents[1] / "provider"
PROTO = PROVIDER.parents[2] / "proto"
JAR = PROVIDER / "target" / "actas-keycloak.jar"
OLDEST_JAVA = 17
_NEEDED = (
    f"Keycloak needs Java {OLDEST_JAVA} or newer (a JDK, to build the provider) and Maven 3; "
    "on Debian: apt-get install openjdk-17-jdk-headless maven"
)


class BuildError(Exception):
    """Something is missing or cannot be built; the message says what, and what to do."""


def check_tools() -> None:
    """Raise BuildError unless Java and Maven can be run."""
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            raise BuildError(f"there is no {tool}: {_NEEDED}")
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S607
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < OLDEST_JAVA:
        raise BuildError(f"this Java is too old ({said.splitlines()[0] if said else 'unknown'}): {_NEEDED}")


def maven(arguments: Sequence[str], *, cwd: Path, what: str, say: Say) -> None:
    """Run Maven with what it has, and where that is not enough with the network. Raises BuildError."""
    output = ""
    for network in (["--offline"], []):
        # Without --strict-checksums Maven only warns of a download that is not what was published.
        command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", *network, *arguments]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        output = done.stdout + done.stderr
        if network:
            say(f"  Maven needs the network for {what} ...")
    lines = [line for line in output.splitlines() if line.strip()]
    raise BuildError("\n".join([f"Maven failed on {what}:", *lines[:20]]))


def jar(say: Say) -> bytes:
    """Give the provider's jar as it is now, built anew where a source is newer. Raises BuildError."""
    check_tools()
    if not (PROVIDER / "pom.xml").is_file():
        raise BuildError(f"there is no provider in {PROVIDER.name}/")
    with lock(PROVIDER / "target" / ".jar.lock"):  # which `make keycloak-jar` takes too
        if not _is_fresh():
            say("Building the provider with Maven, half a minute ...")
            maven(["package", "-DskipTests"], cwd=PROVIDER, what="the provider", say=say)
        if not JAR.is_file():
            raise BuildError(f"Maven made no {JAR.name}")
        return JAR.read_bytes()


def _is_fresh() -> bool:
    sources = [PROVIDER / "pom.xml", *(PROVIDER / "src" / "main").rglob("*"), *PROTO.rglob("*.proto")]
    newest = max(source.stat().st_mtime for source in sources)
    return JAR.is_file() and JAR.stat().st_mtime >= newest


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Wait until nobody else does the same; the kernel lets go of it when we end, however we end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""Write a trust domain's keys, SVIDs and bundle into a folder, and serve a Workload API from it.

    python -m trust_domain FOLDER [--socket PATH] [--trust-domain NAME] [--federated NAME]… [--path /agent/mail]

With --socket the Workload API serves until it is ended; SIGUSR1 rotates every authority. Keys follow from the names, so
every run has the same ones: they are for tests and protect nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from cryptography.x509 import load_der_x509_certificate

from trust_domain.authority import TrustDomain
from trust_domain.workload_api import WorkloadApi


def write(folder: Path, domain: TrustDomain, path: str, audience: str) -> None:
    """Write the bundle of *domain* and the SVIDs of the workload at *path*."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{domain.name}.bundle.json").write_bytes(domain.bundle_text() + b"\n")
    svid = domain.x509_svid(path, issuer=domain.intermediate())
    certificates = [load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in svid.chain]
    (folder / f"{domain.name}.svid.pem").write_bytes(b"".join(certificates))
    key = load_der_private_key(svid.key, None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secret = folder / f"{domain.name}.svid.key.pem"
    secret.touch(0o600)
    secret.write_bytes(pem)
    (folder / f"{domain.name}.svid.jwt").write_text(domain.jwt_svid(path, audience) + "\n", encoding="ascii")


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m trust_domain", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--socket", type=Path)
    parser.add_argument("--trust-domain", default="example.org")
    parser.add_argument("--federated", action="append", default=[])
    parser.add_argument("--path", default="/agent/mail")
    parser.add_argument("--audience", default="https://as.example.com")
    arguments = parser.parse_args()
    own, *federated = (TrustDomain(name) for name in (arguments.trust_domain, *arguments.federated))
    for domain in (own, *federated):
        write(arguments.folder, domain, arguments.path, arguments.audience)
    if arguments.socket is None:
        return
    rotate, ended = threading.Event(), threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: rotate.set())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with WorkloadApi(arguments.socket, own, arguments.path, tuple(federated)) as api:
        sys.stdout.write(f"{api.address}\n")
        sys.stdout.flush()
        while not ended.wait(0.05):
            if rotate.is_set():
                rotate.clear()
                api.rotate()
                for domain in (own, *federated):
                    write(arguments.folder, domain, arguments.path, arguments.audience)


if __name__ == "__main__":
    main()

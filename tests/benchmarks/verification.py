"""What verifying an actor's token and its JWT-SVID here adds to a decision, in microseconds of CPU, with keys in hand.

Writes build/verification.json, whose `verify_actor_token_us` is that of proto/contract.md, section 8.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from joserfc import jwt
from joserfc.jwk import ECKey
from rich.console import Console
from rich.table import Table

from actas.evidence.anchors import TrustAnchors
from actas.evidence.keys import IssuerTrust, usable_keys
from actas.evidence.svid.bundles import Bundles
from actas.evidence.svid.source import BundleSource, DomainTrust
from actas.evidence.svid.verifier import SvidVerifier
from actas.evidence.tokens import TokenVerifier
from actas.evidence.verifier import VerifierChain
from actas.proof import Proof
from actas.request import ActorWorkload, ExchangeRequest, Token
from trust_domain.authority import TrustDomain

BUILD = Path("build")
ISSUER = "https://agents.example.com"
DOMAIN = TrustDomain("example.org")
AT_MOST_US = 250.0
_TOKENS, _ROUNDS = 500, 7


class Trust:
    """One issuer with one ES256 key, and one trust domain whose bundle is a file."""

    settings: ClassVar[dict[str, Any]] = {"clock_skew_seconds": 30}

    def __init__(self, key: ECKey) -> None:
        """Trust *key*."""
        keys = usable_keys(json.dumps({"keys": [key.as_dict(private=False)]}).encode())
        self._trust = IssuerTrust(frozenset({"ES256"}), keys)

    def issuer_trust(self, issuer: str) -> IssuerTrust | None:
        """Give it."""
        return self._trust if issuer == ISSUER else None

    def trust_domain(self, name: str) -> DomainTrust | None:
        """Give it."""
        return DomainTrust(BundleSource("file", "bundle.json")) if name == DOMAIN.name else None


def requests(key: ECKey) -> list[ExchangeRequest]:
    """Give requests whose actor tokens all differ, as of as many agents."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": ["https://as.example.com"], "iat": now, "exp": now + 3600}
    header = {"typ": "JWT", "alg": "ES256", "kid": "k1"}
    bare = ExchangeRequest("https://as.example.com")
    texts = [jwt.encode(header, {**claims, "sub": f"agent-{n}", "jti": f"j{n}"}, key) for n in range(_TOKENS)]
    return [replace(bare, actor_token=Token(unverified_token=text)) for text in texts]


def with_svids(asked: list[ExchangeRequest]) -> list[ExchangeRequest]:
    """Give each request with a JWT-SVID of its own beside its token."""
    ids = (f"/agent/{number}" for number in range(_TOKENS))
    svids = [DOMAIN.jwt_svid(path, "https://as.example.com", claims={"jti": path}) for path in ids]
    return [
        replace(request, actor_workload=ActorWorkload(jwt_svid=svid))
        for request, svid in zip(asked, svids, strict=True)
    ]


async def measure(root: Path) -> dict[str, object]:
    """Give the median of the rounds for tokens, SVIDs and both, that are new and shown again."""
    key = ECKey.generate_key("P-256", {"kid": "k1"})
    (root / "bundle.json").write_bytes(DOMAIN.bundle_text())
    tokens = requests(key)
    kinds = {
        "verify_actor_token": tokens,
        "verify_jwt_svid": with_svids([ExchangeRequest("https://as.example.com")] * _TOKENS),
        "verify_both": with_svids(tokens),
    }
    report: dict[str, object] = {"rounds": _ROUNDS}
    for name, asked in kinds.items():
        new, again = [], []
        for _ in range(_ROUNDS):
            # What the keys remember of earlier rounds is forgotten with them.
            trust, bundles = Trust(key), Bundles(TrustAnchors(), roots=[root])
            verifier = VerifierChain(SvidVerifier(bundles), TokenVerifier())
            await bundles.get(DOMAIN.name, BundleSource("file", "bundle.json"), time.monotonic() + 60)
            for figures in (new, again):
                deadline, started = time.monotonic() + 60, time.thread_time()
                for request in asked:
                    seen = await verifier.verify(request, trust, time.time(), deadline)
                    assert seen.actor_token is None or seen.actor_token.verified
                    assert seen.actor_workload is None or seen.actor_workload.proof == Proof()
                figures.append((time.thread_time() - started) / _TOKENS * 1e6)
            await bundles.close()
        report |= {
            f"{name}_us": round(statistics.median(new), 1),
            f"{name}_spread": [round(min(new), 1), round(max(new), 1)],
            f"{name}_shown_again_us": round(statistics.median(again), 1),
        }
    return report


def main() -> None:
    """Measure, print and write; ends with status 1 where the figure is not reached."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory(prefix="actas-verification-") as folder:
        report = asyncio.run(measure(Path(folder)))
    table = Table("figure", "CPU µs")
    for name, value in report.items():
        table.add_row(name, str(value))
    Console().print(table)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "verification.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    raise SystemExit(float(str(report["verify_actor_token_us"])) > AT_MOST_US)


if __name__ == "__main__":
    main()

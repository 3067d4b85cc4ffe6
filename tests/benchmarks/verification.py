"""What verifying an actor's token here adds to a decision, in microseconds of CPU, with keys in hand.

Writes build/verification.json, whose `verify_actor_token_us` is that of proto/contract.md, section 8.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey
from rich.console import Console
from rich.table import Table

from actas.evidence.keys import IssuerTrust, usable_keys
from actas.evidence.tokens import TokenVerifier
from actas.evidence.verifier import VerifierChain
from actas.request import ExchangeRequest, Token

BUILD = Path("build")
ISSUER = "https://agents.example.com"
AT_MOST_US = 250.0
_TOKENS, _ROUNDS = 500, 7


class Trust:
    """One issuer with one ES256 key."""

    def __init__(self, key: ECKey) -> None:
        """Trust *key*."""
        keys = usable_keys(json.dumps({"keys": [key.as_dict(private=False)]}).encode())
        self._trust = IssuerTrust(frozenset({"ES256"}), keys)

    def issuer_trust(self, issuer: str) -> IssuerTrust | None:
        """Give it."""
        return self._trust if issuer == ISSUER else None


def requests(key: ECKey) -> list[ExchangeRequest]:
    """Give requests whose actor tokens all differ, as of as many agents."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": ["https://as.example.com"], "iat": now, "exp": now + 3600}
    header = {"typ": "JWT", "alg": "ES256", "kid": "k1"}
    bare = ExchangeRequest("https://as.example.com")
    texts = [jwt.encode(header, {**claims, "sub": f"agent-{n}", "jti": f"j{n}"}, key) for n in range(_TOKENS)]
    return [replace(bare, actor_token=Token(unverified_token=text)) for text in texts]


async def measure() -> dict[str, object]:
    """Give the median of the rounds for tokens that are new, and for the same ones shown again."""
    key = ECKey.generate_key("P-256", {"kid": "k1"})
    asked, verifier = requests(key), VerifierChain(TokenVerifier())
    new, again = [], []
    for _ in range(_ROUNDS):
        trust = Trust(key)
        for figures in (new, again):
            deadline, started = time.monotonic() + 60, time.thread_time()
            for request in asked:
                seen = await verifier.verify(request, trust, time.time(), deadline)
                assert seen.actor_token is not None
                assert seen.actor_token.verified
            figures.append((time.thread_time() - started) / _TOKENS * 1e6)
    return {
        "verify_actor_token_us": round(statistics.median(new), 1),
        "spread": [round(min(new), 1), round(max(new), 1)],
        "shown_again_us": round(statistics.median(again), 1),
        "rounds": _ROUNDS,
    }


def main() -> None:
    """Measure, print and write; ends with status 1 where the figure is not reached."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    report = asyncio.run(measure())
    table = Table("figure", "CPU µs")
    for name, value in report.items():
        table.add_row(name, str(value))
    Console().print(table)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "verification.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    raise SystemExit(float(str(report["verify_actor_token_us"])) > AT_MOST_US)


if __name__ == "__main__":
    main()

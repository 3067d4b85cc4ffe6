"""The Python client for authorization servers and gateways: `DecisionClient`, and `AsyncDecisionClient` for asyncio.

    with DecisionClient("127.0.0.1:50051") as actas:
        decision = actas.decide(request)

Only a decision whose effect is ALLOW lets a token be issued, within its limits, once, until `valid_until`. Every
exception is an `ActasError` and means: refuse (`actas.client.errors`).
"""

from actas.client.answers import ExplainedRule, Explanation
from actas.client.async_client import AsyncDecisionClient
from actas.client.channels import Target
from actas.client.errors import UnusableDecisionError
from actas.client.sync_client import DecisionClient
from actas.receipts.outcome import Outcome

__all__ = [
    "AsyncDecisionClient",
    "DecisionClient",
    "ExplainedRule",
    "Explanation",
    "Outcome",
    "Target",
    "UnusableDecisionError",
]

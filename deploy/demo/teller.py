"""Takes the steps: each asks the running service, or runs a command, and compares what came out with what must."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sts
from service import Service
from steps import ALLOW, DENY, Deed, Expected, Step
from sts import Claims, Party

from actas.client import DecisionClient
from actas.decision import Decision
from actas.errors import ActasError
from actas.receipts.outcome import Outcome
from actas.request import ExchangeRequest
from operating import Operator

ANSWER_SECONDS = 5.0


@dataclass
class Teller:
    """Takes steps against *service*, which *operator* operates; *tell* is called with each as soon as it is taken."""

    service: Service
    operator: Operator
    client: DecisionClient
    tell: Callable[[Step | Deed], None]
    steps: list[Step | Deed] = field(default_factory=list)
    issued: dict[str, str] = field(default_factory=dict)
    """The `jti` of the token that was issued on each decision of a hop."""

    def hop(
        self, title: str, token: Claims, actor: Party, target: str, scope: str, lifetime: int, most: int, left: str = ""
    ) -> Claims:
        """Let *actor* exchange *token*, and issue and report what it may have; *left* is what remains of *scope*."""
        request = sts.exchange(token, actor, target, scope, lifetime=lifetime)
        decision = self.allow(title, request, left or scope, most)
        if decision is None or decision.limits is None:
            # Without a decision there is no token to go on with; the next step then fails and says so.
            return token
        issued = sts.issue(decision, request, token)
        self.issued[decision.decision_id] = issued["jti"]
        # Whether that was heard, the receipts say in the end.
        with contextlib.suppress(ActasError):
            self.client.report_outcome(decision.decision_id, Outcome(issued=True, issued_jti=issued["jti"]))
        return issued

    def allow(
        self, title: str, request: ExchangeRequest, scope: str, lifetime: int, seconds: float = ANSWER_SECONDS
    ) -> Decision | None:
        """Ask for what must be allowed, with *scope* for *lifetime* seconds."""
        return self.ask(title, request, Expected(ALLOW, scope=scope, lifetime=lifetime), seconds)

    def deny(self, title: str, request: ExchangeRequest, code: str, obligation: str = "") -> None:
        """Ask for what must be denied with *code*, and with this *obligation*."""
        self.ask(title, request, Expected(DENY, code, obligation))

    def ask(
        self, title: str, request: ExchangeRequest, expected: Expected, seconds: float = ANSWER_SECONDS
    ) -> Decision | None:
        """Ask, for so many *seconds* at most; gives the decision, if there is one."""
        decision, error = None, None
        try:
            decision = self.client.decide(request, timeout=seconds)
        except ActasError as problem:
            error = problem
        self._add(Step(len(self.steps) + 1, title, request, expected, decision, error))
        return decision

    def report(self, title: str, decision_id: str, outcome: Outcome) -> None:
        """Report what came of a decision."""
        problems = []
        try:
            self.client.report_outcome(decision_id, outcome)
        except ActasError as error:
            problems.append(f"it was not recorded: {error}")
        self.do(title, f"{outcome.side_effect}, {outcome.detail}", problems=problems)

    def operate(self, title: str, *arguments: str) -> None:
        """Run a command that asks the running service."""
        ran = self.operator.at_the_service(*arguments)
        self.do(title, ran.command, ran.lines, ran.problems)

    def read(self, title: str, *arguments: str) -> None:
        """Run a command that reads the receipts."""
        ran = self.operator.over_the_receipts(*arguments)
        self.do(title, ran.command, ran.lines, ran.problems)

    def do(self, title: str, what: str, lines: Sequence[str] = (), problems: Sequence[str] = ()) -> None:
        """Tell of something that was done outside of an exchange."""
        self._add(Deed(len(self.steps) + 1, title, what, lines, problems))

    def _add(self, step: Step | Deed) -> None:
        self.steps.append(step)
        self.tell(step)

"""What an SVID that proves nothing raises."""

from __future__ import annotations

from actas.proof import Problem


class SvidError(Exception):
    """The SVID, or the bundle it would be verified with, is not what it should be; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem

"""Every error that Actas raises on purpose.

ActasError
├── ProtocolError        the request is not evaluable: names the field, no decision was made
├── EngineError          OPA gave no, a partial or an ill-typed answer: no decision was made
│   └── OverLimitError   the caller asks more than it may: no decision was made
├── ActivationError      a policy revision may not serve; lists every problem with file and line
│   └── SuiteError       suite files cannot be used
├── ConfigError          the service's own configuration is wrong; raised before anything starts
├── StoreError           the database cannot be reached, or does not keep what is committed
├── ReceiptError         a decision could not be recorded, so it may not leave
└── OpaNotFoundError     no OPA binary of the pinned version could be had; lists what was tried
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The gRPC status of an answer that is not a decision (contract, section 5).

    NOT_FOUND and ALREADY_EXISTS are of the administrative services alone.
    """

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class ActasError(Exception):
    """Base of all errors that Actas raises on purpose.

    Messages never hold a token, a claim value or other request text.
    """

    status = Status.INTERNAL


class ProtocolError(ActasError):
    """The request cannot be evaluated; *field* is the path of the offending member.

    `reason` is the stable word for `google.rpc.ErrorInfo`.
    """

    def __init__(
        self,
        field: str,
        message: str,
        *,
        status: Status = Status.INVALID_ARGUMENT,
        reason: str = "MALFORMED_REQUEST",
    ) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message
        self.status = status
        self.reason = reason


class EngineError(ActasError):
    """No decision could be made because the policy engine did not answer as it must."""

    def __init__(
        self, message: str, *, status: Status = Status.UNAVAILABLE, reason: str = "ENGINE_UNAVAILABLE"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason


class OverLimitError(EngineError):
    """The caller asks more than it may. *retry_after* seconds later there is room again, as far as that is known.

    *repeated* says that it was the same a moment ago.
    """

    def __init__(self, message: str, *, reason: str, retry_after: float = 0.0, repeated: bool = False) -> None:
        super().__init__(message, status=Status.RESOURCE_EXHAUSTED, reason=reason)
        self.retry_after = retry_after
        self.repeated = repeated


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a policy revision, and where."""

    message: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Render as `file:line: message`, as compilers do."""
        if not self.file:
            return self.message
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


class ActivationError(ActasError):
    """A policy revision may not serve. The revision that served before still does."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class SuiteError(ActivationError):
    """Suite files cannot be used; `problems` lists everything wrong, with file and line."""


class ConfigError(ActasError):
    """The service's configuration is wrong; *setting* names the key."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting
        self.message = message


class StoreError(ActasError):
    """The database cannot be reached, refused, or is none that may be relied on. Messages hold no password."""

    status = Status.UNAVAILABLE


class ReceiptError(ActasError):
    """The decision could not be recorded, so it may not leave the service."""

    status = Status.UNAVAILABLE


class OpaNotFoundError(ActasError):
    """No OPA binary of the pinned version could be found, fetched or built."""

    status = Status.UNAVAILABLE

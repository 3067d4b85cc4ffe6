"""The `data.state` of a test case: what is revoked, and what was decided before."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from actas.admission import NO_PAST, Past
from actas.errors import ProtocolError
from actas.policy.settings_model import Name, Strict
from actas.policy.state import RevocationState

_Count = Annotated[int, Field(ge=0)]


class _Used(Strict):
    iss: Name
    jti: Name


class _Rates(Strict):
    agents: dict[Name, _Count] = Field(default_factory=dict)
    client: _Count | None = None
    subject: _Count | None = None


class _Past(Strict):
    used: list[_Used] = Field(default_factory=list)
    rates: _Rates = _Rates()


_PAST = TypeAdapter(_Past)
_MEMBERS = ("used", "rates")


def read(given: Any) -> tuple[RevocationState, Past]:
    """Read a case's `data.state`; None is a state in which nothing is revoked and nothing was decided.

    Beside what a file of revocations has, `used` lists one-time tokens (`{iss, jti}`), and `rates` has the counts
    `{agents: {mail: 3}, client: 0, subject: 3}`. Raises ProtocolError.
    """
    if given is None:
        return RevocationState.fresh(), NO_PAST
    before = {name: given[name] for name in _MEMBERS if name in given} if isinstance(given, dict) else {}
    revoked = {name: given[name] for name in given if name not in _MEMBERS} if isinstance(given, dict) else given
    try:
        past, state = _PAST.validate_python(before), RevocationState.from_document(revoked)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ProtocolError("data.state", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError as error:
        raise ProtocolError("data.state", str(error)) from None
    used = frozenset((entry.iss, entry.jti) for entry in past.used)
    return state, Past(used, past.rates.model_dump(exclude_none=True))

"""Exit statuses, and how an error becomes one sentence instead of a stack trace."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import ParamSpec

import typer

from actas.errors import ActasError, ActivationError, ConfigError, EngineError, Problem, Status, SuiteError

P = ParamSpec("P")


class Exit(IntEnum):
    """What the shell learns (contract.md, section 6); for `test` and `lint` 1 means that something failed."""

    OK = 0
    DENY = 1
    BAD_INPUT = 2
    NO_DECISION = 3


def sentences(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that every expected error is printed as a sentence and sets the exit status."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except ActasError as error:
            complain(error)
            raise typer.Exit(status_of(error)) from None
        except BrokenPipeError:
            # Whoever read our output has closed it, as `head` does; nothing is left to say.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(Exit.NO_DECISION) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(Exit.NO_DECISION) from None
        except typer.Exit:
            raise
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            typer.echo(
                f"error: unexpected {type(error).__name__} at {Path(where.filename).name}:{where.lineno}", err=True
            )
            raise typer.Exit(Exit.NO_DECISION) from None

    return wrapped


def status_of(error: ActasError) -> Exit:
    """Map *error* to an exit status: what was asked is at fault, or there is no decision."""
    if isinstance(error, ConfigError | SuiteError):
        return Exit.BAD_INPUT
    too_much = (Status.INVALID_ARGUMENT, Status.RESOURCE_EXHAUSTED)
    at_fault = error.status in too_much and not isinstance(error, EngineError)
    return Exit.BAD_INPUT if at_fault else Exit.NO_DECISION


def complain(error: ActasError) -> None:
    """Print *error* to standard error: a sentence, or one line per problem."""
    lines = error.problems if isinstance(error, ActivationError) else [Problem(str(error))]
    for line in lines:
        typer.echo(f"error: {line}", err=True)


def bad_input(message: str) -> typer.Exit:
    """Say what is wrong with the command's input, and return the exit to raise."""
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(Exit.BAD_INPUT)

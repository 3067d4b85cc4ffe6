"""Groups that import the module of a command when that command is asked for, and no other.

Most of what a call costs is what it imports, and the commands need very different things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_group


class LazyGroup(TyperGroup):
    """A group whose commands are those of `modules`: by name, in the order in which help lists them.

    Each module has an `app`: with the name of the command where that is a group itself, else with commands alone.
    """

    modules: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **attributes: Any) -> None:
        """Import nothing yet."""
        super().__init__(**attributes)
        self.commands = _Commands(self.modules)  # type: ignore[assignment]  # nobody adds one to it

    def list_commands(self, ctx: Any) -> list[str]:
        """Give the names, for which no command is needed."""
        del ctx
        return list(self.commands)


class _Commands(Mapping[str, Any]):
    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules

    def __getitem__(self, name: str) -> Any:
        module = self._modules[name]
        alone = typer.Typer()
        alone.add_typer(import_module(module).app)
        return get_group(alone).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

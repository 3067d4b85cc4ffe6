"""`actas init DIR`: a policy repository that works at once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from actas.cli.exits import bad_input, sentences
from actas.policy.shipped import shipped_policies

EXAMPLE = "Example: actas init policies && actas test --policies policies"
app = typer.Typer()
_SCHEMAS = ("suite.schema.json", "actas/settings/settings.schema.json", "actas/settings/registry.schema.json")


@app.command(epilog=EXAMPLE)
@sentences
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; it must be new or empty.")],
) -> None:
    """Write a skeleton policy repository: settings, registry, a rule and a limit with tests, suites, CI."""
    if directory.exists() and not directory.is_dir():
        raise bad_input(f"{directory} is no directory")
    if directory.is_dir() and any(entry.name != ".git" for entry in directory.iterdir()):
        raise bad_input(f"{directory} is not empty; nothing was written")
    try:
        written = write_skeleton(directory)
    except OSError as error:
        raise bad_input(f"{directory} cannot be written: {error.strerror}") from None
    for path in written:
        typer.echo(f"  {directory / path}")
    typer.echo(f"Next: actas test --policies {directory}")


def write_skeleton(directory: Path) -> list[Path]:
    """Copy the skeleton and the schemas to *directory*; return the paths below it, sorted."""
    skeleton = _skeleton()
    shutil.copytree(skeleton, directory, dirs_exist_ok=True)
    written = [path.relative_to(skeleton) for path in skeleton.rglob("*") if path.is_file()]
    policies = shipped_policies()
    (directory / "schemas").mkdir(exist_ok=True)
    for name in _SCHEMAS:
        copied = Path("schemas", Path(name).name)
        shutil.copyfile(policies / name, directory / copied)
        written.append(copied)
    return sorted(written)


def _skeleton() -> Path:
    """Locate the skeleton: inside the installed package, else in the repository beside `service/`."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "_shipped" / "policy-repo"
    return shipped if shipped.is_dir() else package.parents[1] / "deploy" / "policy-repo"

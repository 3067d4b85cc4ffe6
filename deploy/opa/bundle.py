"""Compile the shipped policies and your repositories into the bundle that an OPA of your own serves.

python deploy/opa/bundle.py --into build policies
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from actas.engine.opa_binary import resolve_opa
from actas.errors import ActasError
from actas.policy.bundle import compile_policy


def main() -> int:
    """Compile, and print where the bundle is; exit status 1 when the policies may not serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roots", nargs="*", type=Path, metavar="DIR", help="a policy repository")
    parser.add_argument("--into", type=Path, default=Path("build"), metavar="DIR", help="where to write the bundle")
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    try:
        compiled = compile_policy(given.roots, opa=resolve_opa(), into=given.into)
    except ActasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(compiled.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

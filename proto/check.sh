#!/bin/sh
# Checks that the committed stubs are those of the proto files, that buf finds nothing to say about them,
# and that they do not break what is already on main.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
buf=${BUF:-$(dirname "$python")/buf}

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
sh proto/generate.sh "$fresh"
stubs_in() { (cd "$1" && ls actas/*/v1/*_pb2*); }
for stub in $({ stubs_in "$fresh"; stubs_in service; } | sort -u); do
  if ! cmp -s "$fresh/$stub" "service/$stub"; then
    echo "service/$stub is not what the proto files say: run \`make proto\` and commit the result." >&2
    exit 1
  fi
done

"$buf" lint proto
if git rev-parse --quiet --verify main:proto/buf.yaml >/dev/null 2>&1; then
  "$buf" breaking proto --against "$(git rev-parse --git-common-dir)#branch=main,subdir=proto"
fi

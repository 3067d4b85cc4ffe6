#!/bin/sh
# Generates the Python stubs from the proto files into service/, or into the directory given.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
out=${1:-service}
mkdir -p "$out"
"$python" -m grpc_tools.protoc --proto_path=proto \
  --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" \
  proto/actas/*/v1/*.proto
# The plugin writes a module for every file, empty where the file defines no service.
for stub in "$out"/actas/*/v1/*_pb2_grpc.py; do
  grep -q 'class .*Servicer' "$stub" || rm "$stub"
done

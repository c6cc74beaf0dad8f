#!/bin/sh
# Makes .venv-clients: programs of others that the tests run, whose dependencies cannot stand beside ours.
# Without it their tests are skipped; where CI=true they are required.
set -eu
cd "$(dirname "$0")/.."
echo "setting up .venv-clients …"
if "${PYTHON:-python3}" -m venv --clear .venv-clients &&
    .venv-clients/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r tests/clients/requirements.txt; then
    touch .venv-clients/.ready
    exit 0
fi
[ "${CI:-}" != true ] || { echo "the clients of others could not be installed, and CI requires them" >&2; exit 1; }
echo "the clients of others could not be installed: their tests will be skipped" >&2

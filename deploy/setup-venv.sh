#!/bin/sh
# Makes .venv with every pinned dependency. Installs Debian's venv package first when it is missing and we may.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "fedimark needs Python 3.11 or newer; $python is $("$python" --version). Try: make setup PYTHON=python3.11" >&2
    exit 1
}
if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
    if ! "$python" -m venv .venv 2>/dev/null; then
        [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "python3-venv is missing: install it and try again" >&2; exit 1; }
        apt-get update -qq && apt-get install -y -qq python3-venv
        rm -rf .venv
        "$python" -m venv .venv
    fi
fi
echo "setting up .venv …"
.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
.venv/bin/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
touch .venv/.ready

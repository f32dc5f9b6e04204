#!/bin/sh
# setup-venv.sh all|core: makes .venv/ with the package in it, editable, and the tools of its tests and builds; or, with
# core, compiles the package's C core again.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
pip="env PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install -q"

if [ "${1:-all}" = core ]; then
    echo "Compiling the C core"
    exec $pip --no-deps --no-build-isolation -e .
fi

# A plain Debian has python3 without these two.
missing() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    "$python" -c '
import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' || echo python3-dev
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "$python is $("$python" --version 2>&1); 3.10 or later is needed: make PYTHON=..." >&2
    exit 1
}
packages=$(missing)
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086 # a list of words
    scripts/need-packages.sh $packages
    [ -z "$(missing)" ] || {
        echo "$python still lacks what $packages bring to Debian's own: make PYTHON=/usr/bin/python3" >&2
        exit 1
    }
fi

echo "Installing Python packages into .venv"
[ -x .venv/bin/pip ] || "$python" -m venv --clear .venv
$pip -e '.[test,build]'

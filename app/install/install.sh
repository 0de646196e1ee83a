#!/bin/sh
# Chooses a Python and runs the installer with it: install.sh run|dev|vllm|train [--step 1/4] [--dry-run]
#
# PYTHON=/path/to/python chooses it by hand. Otherwise an existing environment keeps its Python, and
# a new one gets the newest from 3.11 to 3.13 on the PATH. A name that is there and does not work,
# such as a pyenv shim of a version that is not selected, is passed over.
set -eu
cd "$(dirname "$0")/../.."

fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
version='import sys; print("python%d.%d" % sys.version_info[:2])'

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 1
}

# Runs the installer, and does not return, unless the Python is unsuitable.
# Debian and Ubuntu ship venv and ensurepip in a package of their own.
install_with() {
    python=$1
    shift
    "$python" -c "$fits" >/dev/null 2>&1 || return 0
    if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        exec "$python" -E -m app.install "$@"
    fi
    package=$("$python" -c "$version")-venv
    without_venv="$python cannot make environments; on Debian or Ubuntu: apt-get install $package"
    echo "$without_venv"
}

if [ -n "${PYTHON:-}" ]; then
    install_with "$PYTHON" "$@"
    [ -z "${without_venv:-}" ] || fail "$without_venv"
    fail "PYTHON=$PYTHON is not a working Python 3.11, 3.12 or 3.13."
fi

if .venv/bin/python -c "import pip; $fits" >/dev/null 2>&1; then
    exec .venv/bin/python -E -m app.install "$@"
fi

for name in python3.13 python3.12 python3.11 python3; do
    install_with "$name" "$@"
done
[ -z "${without_venv:-}" ] || fail "No Python found that can make environments."
fail "Zhiwen needs Python 3.11, 3.12 or 3.13, and none was found on the PATH." \
    "Install one (on Debian or Ubuntu: apt-get install python3 python3-venv), or name one:" \
    "make up PYTHON=/path/to/python3.12"

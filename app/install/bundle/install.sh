#!/bin/sh
# Installs or upgrades Zhiwen from this folder, without a network, and starts it:
#   ./install.sh --key zhiwen.pub [--to FOLDER] [--no-start]
# ./install.sh --rollback goes back to the version before. PYTHON=/path/to/python chooses one by hand.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 1
}

wanted=$(sed -n 's/^ *"python": "\([0-9.]*\)".*/\1/p' "$here/bundle.json")
[ -n "$wanted" ] || fail "$here/bundle.json is missing or damaged."
fits="import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$wanted')"
for python in ${PYTHON:-"python$wanted" python3}; do
    "$python" -c "$fits" >/dev/null 2>&1 || continue
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        fail "$python cannot make environments; on Debian or Ubuntu: apt-get install python$wanted-venv"
    exec "$python" -I -B -c 'import sys
sys.path.insert(0, sys.argv[1] + "/project")
from app.install.bundle.install import main
sys.exit(main())' "$here" "$@"
done
fail "This bundle is for Python $wanted, and ${PYTHON:-none on the PATH} is not that." \
    "Name one: PYTHON=/path/to/python$wanted ./install.sh …"

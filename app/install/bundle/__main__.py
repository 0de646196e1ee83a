"""Writes an offline bundle: `make bundle KEY=~/.ssh/zhiwen-release`.

It installs on machines like this one: the same system, processor and Python.
"""

import argparse
import sys
from pathlib import Path

from app.install.bundle.contents import BundleRefused
from app.install.bundle.write import write_bundle
from app.install.commands import InstallFailed
from app.install.steps import say

_NO_KEY = """\
error: a bundle must be signed. Make a key once, and give its public half to those who install:
  ssh-keygen -t ed25519 -C zhiwen -f ~/.ssh/zhiwen-release
  make bundle KEY=~/.ssh/zhiwen-release"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bundle", description=__doc__)
    parser.add_argument("--key", type=Path, help="private Ed25519 key of OpenSSH")
    parser.add_argument("--models", type=Path, required=True, help="folder of models to include")
    parser.add_argument("--out", type=Path, default=Path("build"))
    options = parser.parse_args()
    if options.key is None:
        say(_NO_KEY, out=sys.stderr)
        return 1
    try:
        write_bundle(options.out, options.models, options.key)
    except (BundleRefused, InstallFailed, OSError) as error:
        say(f"error: no bundle was written.\n{error}", out=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

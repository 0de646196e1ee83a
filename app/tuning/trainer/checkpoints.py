"""The newest checkpoint that is whole: a killed process may have left half of one."""

import json
import re
import shutil
from pathlib import Path

_NAME = re.compile(r"checkpoint-(\d+)")
_STATE = "trainer_state.json"  # written last


def newest_whole(folder: Path) -> Path | None:
    """Removes what is broken."""
    found: dict[int, Path] = {}
    for path in folder.glob("checkpoint-*") if folder.is_dir() else ():
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        if _is_whole(path):
            found[int(name[1])] = path
        else:
            shutil.rmtree(path)
    return found[max(found)] if found else None


def _is_whole(path: Path) -> bool:
    try:
        state = json.loads((path / _STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(state.get("global_step"))

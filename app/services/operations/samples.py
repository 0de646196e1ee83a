"""Creates the sample knowledge base, so that the first question works at once."""

from importlib.resources import files
from pathlib import Path

from app.services.library.bases import Bases
from app.services.library.documents import Documents

NAME = "示例 · Sample"
_DESCRIPTION = "青禾科技的内部文件，虚构。Fictional papers of a firm, to try Zhiwen with."
_MARKER = "sample-base-created"


def sample_files() -> list[tuple[str, bytes]]:
    """Names and bytes of the sample documents."""
    folder = files("app.samples")
    return [
        (entry.name, entry.read_bytes())
        for entry in sorted(folder.iterdir(), key=lambda e: e.name)
        if entry.is_file() and not entry.name.endswith((".py", ".json"))
    ]


def will_create_sample_base(data_dir: Path) -> bool:
    """Whether the next start does it; false for ever after the first one."""
    return not (data_dir / _MARKER).exists()


def ensure_sample_base(data_dir: Path, bases: Bases, documents: Documents) -> None:
    """Create the sample base once in the life of a data folder; a deleted one stays away.

    A start that was killed in the middle is completed by the next one.
    """
    if not will_create_sample_base(data_dir):
        return
    known = {summary.base.name: summary.base.id for summary in bases.all()}
    if not known or NAME in known:
        base_id = known.get(NAME) or bases.create(NAME, _DESCRIPTION).base.id
        for name, data in sample_files():
            documents.accept_bytes(base_id, name, data)
    (data_dir / _MARKER).touch()

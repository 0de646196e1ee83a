"""Creates the sample knowledge base, so that the first question works at once."""

from importlib.resources import files
from pathlib import Path

from app.services.library.bases import Bases, BaseSummary
from app.services.library.documents import Documents
from app.services.people.access import EVERYONE, LOCAL_OWNER, Access, Role
from app.services.people.sharing import Sharing

NAME = "示例 · Sample"
_DESCRIPTION = (
    "虚构公司青禾科技的内部文件，供试用。Documents of a fictional company, to try out Zhiwen."
)
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
    """Whether the next start creates it; only true before the first start."""
    return not (data_dir / _MARKER).exists()


def ensure_sample_base(
    data_dir: Path, bases: Bases, documents: Documents, sharing: Sharing
) -> None:
    """Creates the sample base once per data folder, for everyone to read; a deleted one is not
    created again.

    If a start is killed halfway, the next one completes it.
    """
    if not will_create_sample_base(data_dir):
        return
    known = {summary.base.name: summary.base.id for summary in bases.all(LOCAL_OWNER)}
    if not known or NAME in known:
        load_sample_base(LOCAL_OWNER, bases, documents, sharing)
    (data_dir / _MARKER).touch()


def load_sample_base(
    access: Access, bases: Bases, documents: Documents, sharing: Sharing
) -> BaseSummary:
    """The person's sample base, for everyone to read, with what is missing of it."""
    own = (each for each in bases.all(access) if each.role == Role.OWNER)
    known = next((each for each in own if each.base.name == NAME), None)
    summary = known or bases.create(access, NAME, _DESCRIPTION)
    for name, data in sample_files():
        documents.accept_bytes(access, summary.base.id, name, data)
    sharing.grant(access, summary.base.id, EVERYONE, Role.READER)
    return bases.get(access, summary.base.id)

"""One file of each format through the worker's own line, each read in the sandbox."""

from pathlib import Path

import pytest

from app.config import Settings
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import build
from app.wiring.worker import build_ingestion
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import supported_extensions
from tests.application import test_settings as settings_for
from tests.fuzz.corpus import corpus
from tests.ingest.office_files import zip_file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, embedder="hashing")


def test_every_format_ends_ready_and_says_where_its_chunks_are(settings: Settings) -> None:
    application = build(settings, embedder=HashingEmbedder(), model=ScriptedChatModel())
    application.prepare()
    base_id = application.bases.create(ME, "一切").base.id
    ids = {
        name: application.documents.accept_bytes(ME, base_id, name, data).document.id
        for name, data in corpus().items()
    }
    bomb = zip_file({"a.txt": bytes(80 << 20)})
    ids["bomb.zip"] = application.documents.accept_bytes(ME, base_id, "bomb.zip", bomb).document.id
    ingestion = build_ingestion(settings)
    while (claim := ingestion.jobs.claim("w")) is not None:
        ingestion.run(claim, "w")
    states = {name: application.documents.get(ME, id_).document for name, id_ in ids.items()}
    failed = {name: one.error_code for name, one in states.items() if one.state != "ready"}
    assert failed == {"bomb.zip": "archive_bomb"}
    (chunk, *_) = application.documents.chunks(ME, ids["a.xlsx"], limit=1, offset=0)
    assert chunk.locator == "sheet 薪资, rows 1–7"
    found = application.search.search(ME, "王芳 销售", [base_id], 5).passages
    assert "sheet 薪资, rows 1–7" in [passage.locator for passage in found]
    found = application.search.search(ME, "notice period thirty days", [base_id], 5).passages
    (manual,) = (passage for passage in found if passage.document_id == ids["a.pdf"])
    assert manual.page == 1  # where its one chunk begins
    assert manual.part_at(manual.start + manual.text.index("notice period")).page == 2


def test_every_format_is_accepted_by_its_name(settings: Settings) -> None:
    application = build(settings, embedder=HashingEmbedder(), model=ScriptedChatModel())
    application.prepare()
    base_id = application.bases.create(ME, "一切").base.id
    for number, extension in enumerate(supported_extensions()):
        name = f"文件{extension.upper()}"
        view = application.documents.accept_bytes(ME, base_id, name, b"%d" % number)
        assert view.document.state == "queued"

"""The documents page against the stand-in."""

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.pages import ZH, go, labels, said, settle
from tests.ui.stand_in.service import Application
from ui.client.http import ApiError, Client


def test_bases_and_files_are_renamed_and_deleted(app: AppTest, application: Application) -> None:
    go(app, "documents")
    base = next(iter(application.bases))
    file = next(key for key, d in application.documents.items() if d.base_id == base)
    other = application.add_base("另一个")

    def open_dialog(name: str, id_: str, title: str) -> None:
        app.session_state["dialog"] = {"name": name, "id": id_, "title": title}
        app.run()

    def save(name: str) -> None:
        open_dialog("rename_base", base, "手册")
        app.text_input[-1].set_value(name)
        next(b for b in app.button if b.label == ZH["action.save"]).click().run()

    save(other.name)
    assert ZH["documents.name_taken"] in said(app)
    save("规程")
    assert application.bases[base].name == "规程"
    app.button(key=f"remove-{file}").click().run()
    app.button(key="delete_documents-cancel").click().run()
    assert file in application.documents and not app.session_state["dialog"]
    app.button(key=f"remove-{file}").click().run()
    app.button(key="delete_documents-sure").click().run()
    assert file not in application.documents
    open_dialog("delete_base", base, "规程")
    app.button(key="delete_base-sure").click().run()
    assert base not in application.bases


def test_a_file_that_waits_says_how_many_are_before_it(
    app: AppTest, application: Application
) -> None:
    base = next(iter(application.bases))
    for before in (0, 3):
        application.jobs_before = before
        application.add_document(base, f"{before}.pdf", b"x", "queued")
    go(app, "documents")
    assert ZH["state.queued_next"] in said(app)
    assert ZH["state.queued_behind"].format(n=3) in said(app)


def test_files_show_their_stage_and_a_failed_one_its_reason(
    app: AppTest, application: Application
) -> None:
    base = next(iter(application.bases))
    application.add_document(base, "合同.pdf", b"x", "parsing")
    application.add_document(base, "密.pdf", b"x", "failed")
    failed = application.add_document(base, "忙.pdf", b"x", "failed", "embedder_unavailable")
    go(app, "documents")
    assert not app.exception
    assert "正在读取 3/12 页" in said(app)
    assert ZH["problem.encrypted"] in said(app)
    assert "1 个文件正在处理" in said(app)
    app.button(key=f"retry-{failed.id}").click().run()
    assert application.documents[failed.id].state != "failed"


def test_a_file_opens_to_its_text_beside_its_passages(
    app: AppTest, application: Application
) -> None:
    opened = next(d for d in application.documents.values() if d.state == "ready")
    former = application.add_document(opened.base_id, opened.name, b"# Before", "ready")
    former.version, former.state, opened.version = 1, "superseded", 2
    go(app, "documents")
    app.button(key=f"open-{opened.id}").click().run()
    assert len(app.radio[0].options) == len(application.chunks(opened.id))
    assert app.radio[0].options[0].startswith("1 · ")
    app.selectbox(key="document-version").select(former.id).run()
    app.button(key="version-delete").click().run()
    assert former.id not in application.documents


def test_a_trial_search_shows_the_score_of_every_stage(
    app: AppTest, application: Application
) -> None:
    go(app, "documents")
    base = next(b for b in application.bases.values() if application.counted(b).ready_count)
    app.text_input(key=f"trial-{base.id}").set_value("年假有几天").run()
    assert ZH["details.dense"] in said(app)
    assert ZH["details.fused"] in said(app)
    assert app.button(key="found-open-1").label == ZH["document.open"]


def test_hundreds_of_files_come_in_pages_and_can_be_filtered(
    app: AppTest, application: Application
) -> None:
    base = next(iter(application.bases))
    for number in range(300):
        application.add_document(base, f"报告{number:03}.md", b"x", "ready")
    go(app, "documents")
    assert "报告299" in said(app)
    assert "报告100" not in said(app)
    assert "共 302 个文件" in said(app)
    app.pagination[0].set_value(3).run()
    assert "报告260" not in said(app) and "报告250" in said(app)
    app.text_input(key="document-filter").set_value("报告2").run()
    assert "报告299" in said(app)  # the first page of what was filtered
    app.text_input(key="document-filter").set_value("报告100").run()
    assert "报告100" in said(app)
    assert "报告299" not in said(app)


def test_a_base_is_created_and_a_taken_name_refused(app: AppTest, application: Application) -> None:
    go(app, "documents")
    app.button(key="new-base").click().run()
    app.text_input[-1].set_value("示例知识库")
    next(b for b in app.button if b.label == ZH["documents.create"]).click().run()
    assert ZH["documents.name_taken"] in said(app)
    app.text_input[-1].set_value("人事")
    next(b for b in app.button if b.label == ZH["documents.create"]).click().run()
    assert [base.name for base in application.bases.values()] == ["示例知识库", "人事"]
    assert ZH["documents.empty"] in said(app)


def test_a_file_is_summarised_from_its_row(app: AppTest, application: Application) -> None:
    ready = next(d for d in application.documents.values() if d.state == "ready")
    go(app, "documents").button(key=f"summarise-{ready.id}").click().run()
    settle(app, application)
    assert not app.exception
    (body,) = application.asked
    assert (body.task, body.document_id) == ("summarise", ready.id)
    assert ready.name.removesuffix(".md") in said(app)


@pytest.mark.parametrize(
    ("code", "offered"),
    [("broken", {"replace"}), ("internal", {"retry"}), ("timeout", {"replace", "retry"})],
)
def test_a_failed_file_is_offered_what_can_help(
    app: AppTest, application: Application, code: str, offered: set[str]
) -> None:
    base = next(iter(application.bases))
    failed = application.add_document(base, "合同.pdf", b"x", "failed", code)
    go(app, "documents")
    keys = {button.key for button in app.button}
    assert {name for name in ("replace", "retry") if f"{name}-{failed.id}" in keys} == offered


def test_another_file_takes_the_place_of_a_damaged_one(
    app: AppTest, application: Application
) -> None:
    base = next(iter(application.bases))
    failed = application.add_document(base, "合同.pdf", b"damaged", "failed", "broken")
    go(app, "documents")
    app.button(key=f"replace-{failed.id}").click().run()
    chooser = app.get("file_uploader")[-1]
    assert list(chooser.proto.type) == [".pdf"]
    assert ZH["problem.broken"] in said(app)


def test_files_tell_when_they_came_and_can_be_sorted(
    app: AppTest, application: Application
) -> None:
    base = next(iter(application.bases))
    old = application.add_document(base, "a旧.md", b"x" * 9000, "ready")
    old.created_at = datetime(2024, 3, 5, 12, tzinfo=UTC)
    go(app, "documents")
    assert ZH["documents.added"].format(day="2024-03-05") in said(app)

    def first() -> str:
        return next(c.key for c in app.checkbox if c.key.startswith("pick-0"))

    for order in ("name", "largest"):
        app.selectbox(key="document-sort").select(order).run()
        assert first() == f"pick-{old.id}"
        assert app.query_params["sort"] == order
    app.selectbox(key="document-sort").select("oldest").run()
    assert first() == f"pick-{next(iter(application.documents))}"


def test_several_files_are_picked_and_removed_or_retried(
    app: AppTest, application: Application
) -> None:
    base = next(iter(application.bases))
    for name in ("一.pdf", "二.pdf"):
        application.add_document(base, name, b"x", "failed", "internal")
    kept, *others = list(application.documents)
    go(app, "documents")
    assert ZH["documents.picked"].format(n=0) not in said(app)
    app.checkbox(key="pick-all").check().run()
    assert ZH["documents.picked"].format(n=4) in said(app)
    assert ZH["documents.retry_picked"].format(n=2) in labels(app)
    app.checkbox(key=f"pick-{kept}").uncheck().run()
    assert not app.checkbox(key="pick-all").value
    app.button(key="picked-remove").click().run()
    assert ZH["documents.delete_many_sure"].format(n=3) in said(app)
    app.button(key="delete_documents-sure").click().run()
    assert list(application.documents) == [kept]
    assert not set(others) & set(application.documents)


def test_a_file_that_cannot_be_removed_does_not_hold_up_the_others(
    app: AppTest, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, remove = next(iter(application.bases)), Client.delete_document
    refused, gone, _ = (
        application.add_document(base, f"{n}.md", b"x", "ready").id for n in range(3)
    )
    go(app, "documents")
    app.checkbox(key="pick-all").check().run()
    app.button(key="picked-remove").click().run()
    del application.documents[gone]

    def delete_document(client: Client, document_id: str) -> None:
        if document_id == refused:
            raise ApiError("No.", status=503, code="database_busy")
        remove(client, document_id)

    monkeypatch.setattr(Client, "delete_document", delete_document)
    app.button(key="delete_documents-sure").click().run()
    assert list(application.documents) == [refused]
    assert ZH["refusal.database_busy"] in app.toast[-1].value
    assert not app.session_state["dialog"]


def test_a_failed_selection_is_read_again(app: AppTest, application: Application) -> None:
    base = next(iter(application.bases))
    failed = [
        application.add_document(base, f"{n}.pdf", b"x", "failed", "internal").id for n in range(2)
    ]
    go(app, "documents")
    app.checkbox(key="pick-all").check().run()
    app.button(key="picked-retry").click().run()
    assert all(application.documents[id_].state != "failed" for id_ in failed)

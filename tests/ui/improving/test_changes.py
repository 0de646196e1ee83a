"""Changed answers on the evaluation page and under an adapter, against the stand-in."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.pages import ZH, go, labels, said
from tests.ui.stand_in.improvement import adapter, job
from tests.ui.stand_in.service import Application, changes_out, new_id, now


def changed(question: str, verdict: str, *reasons: str) -> dict[str, object]:
    return {
        "question": question,
        "expected": "十五天",
        "before": f"之前{question}[1]",
        "after": f"现在{question}",
        "sources_before": [{"id": "d1", "name": "员工手册.md"}, {"id": "d2", "name": ""}],
        "sources_after": [],
        "verdict": verdict,
        "reasons": list(reasons),
    }


WORSE, BETTER, OTHER = "年假几天？", "试用期多久？", "班车几点？"
CHANGED = [
    changed(WORSE, "worse", "further", "cites_nothing"),
    changed(BETTER, "better", "nearer"),
    changed(OTHER, "other"),
]


def told(**more: object) -> dict[str, object]:
    """Three of forty answers changed."""
    usual = {"recording_id": new_id(), "recorded_at": now(), "asked": 40, "changed": CHANGED}
    return {**usual, **more}


def shows(app: AppTest) -> set[str]:
    return {question for question in (WORSE, BETTER, OTHER) if f"现在{question}" in said(app)}


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_nothing_is_recorded_until_somebody_asks_for_it(
    app: AppTest, application: Application
) -> None:
    go(app, "evaluation")
    assert ZH["changed.nothing_yet"] in said(app)
    assert ZH["changed.accept_first"] not in labels(app)
    press(app, ZH["changed.record"])
    assert application.changes.job
    assert ZH["changed.queued"] in said(app)
    assert next(b for b in app.button if b.label == ZH["changed.record"]).disabled


def test_how_far_the_worker_is_and_why_it_failed(app: AppTest, application: Application) -> None:
    application.changes = changes_out(job=job("record", state="running", done=3, total=40))
    go(app, "evaluation")
    (bar,) = app.get("progress")
    assert bar.proto.text == ZH["changed.recording"].format(done=3, total=40)  # type: ignore[union-attr]  # untyped there
    failed = job("record", state="failed", error_code="engine_unavailable", error_detail="No.")
    application.changes = changes_out(job=failed)
    app.run()
    why = ZH["refusal.engine_unavailable"]
    assert [each.value for each in app.error] == [ZH["changed.failed"].format(why=why)]


def test_the_first_answers_are_accepted_as_the_starting_point(
    app: AppTest, application: Application
) -> None:
    application.changes = changes_out(recording_id=new_id(), recorded_at=now())
    go(app, "evaluation")
    press(app, ZH["changed.accept_first"])
    assert application.changes.accepted
    assert ZH["changed.accept_first"] not in labels(app)


def test_what_got_worse_comes_alone_and_the_rest_at_a_click(
    app: AppTest, application: Application
) -> None:
    application.changes = changes_out(**told(others_changed=4, others_worse=1))
    go(app, "evaluation")
    assert not app.exception
    shown = said(app)
    assert ZH["changed.headline"].format(of=40, n=7, worse=2) in shown
    assert ZH["changed.others"].format(n=4, worse=1) in shown
    assert shows(app) == {WORSE}
    for reason in ("further", "cites_nothing"):
        assert ZH[f"changed.why_{reason}"] in shown
    assert f"员工手册\\.md、{ZH['evaluation.gone']}" in shown
    show = next(each for each in app.get("button_group") if each.label == ZH["changed.show"])
    show.set_value("all").run()  # type: ignore[union-attr]  # untyped there
    assert shows(app) == {WORSE, BETTER, OTHER}


def test_where_nothing_got_worse_all_of_it_is_shown(app: AppTest, application: Application) -> None:
    application.changes = changes_out(**told(changed=CHANGED[1:]))
    go(app, "evaluation")
    assert shows(app) == {BETTER, OTHER}


def test_no_changes_are_said_and_accepted(app: AppTest, application: Application) -> None:
    application.changes = changes_out(**told(changed=[]))
    go(app, "evaluation")
    assert ZH["changed.none"].format(of=40) in [each.value for each in app.success]
    press(app, ZH["changed.accept"])
    assert application.changes.accepted
    assert ZH["changed.none"].format(of=40) not in [each.value for each in app.success]


def test_answers_that_nobody_has_seen_are_not_accepted(
    app: AppTest, application: Application
) -> None:
    application.changes = changes_out(**told())
    go(app, "evaluation")
    button = next(each for each in app.button if each.label == ZH["changed.accept"])
    application.changes = changes_out(**told())  # the worker has recorded anew
    button.click().run()
    assert not application.changes.accepted


def test_what_is_different_is_named_in_words(app: AppTest, application: Application) -> None:
    settings = [
        {"name": "embedder", "before": "bge-small", "after": "bge-m3"},
        {"name": "top_k", "before": 6, "after": 4},
    ]
    application.changes = changes_out(**told(settings=settings))
    go(app, "evaluation")
    table = str(app.table[0].value)
    assert ZH["changed.setting_embedder"] in table
    assert "ZHIWEN_TOP_K" in table


@pytest.mark.parametrize("judged", [True, False])
def test_answers_under_an_adapter_look_the_same(
    app: AppTest, application: Application, judged: bool
) -> None:
    """Those of an older gate have no verdict."""
    more = {"document": "员工手册.md", "verdict": "worse"} if judged else {}
    each = {"question": WORSE, "target": "十五天", "base": "十五天。", "tuned": "十天。", "by": -1}
    verdict = {"passed": False, "reasons": [], "figures": {}, "changed": [{**each, **more}]}
    application.adapters = [adapter("lora-1", verdict=verdict)]
    go(app, "review")
    app.toggle(key="changed-lora-1").set_value(True).run()
    assert not app.exception
    shown = said(app)
    assert "十天。" in shown
    assert (ZH["changed.why_further"] in shown) is judged
    assert ("员工手册" in shown) is judged


def test_the_address_opens_the_changes_of_a_page_that_was_seen_before(app: AppTest) -> None:
    def first() -> str:
        (tabs,) = app.get("tab_container")
        container = tabs.proto.tab_container  # type: ignore[union-attr]  # untyped there
        return str(tabs.children[container.default_tab_index].label)  # type: ignore[union-attr]

    go(app, "evaluation")
    assert first() == ZH["evaluation.tab_questions"]
    app.query_params["view"] = "changes"
    app.run()
    assert first() == ZH["evaluation.tab_changes"]

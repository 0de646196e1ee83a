"""The upkeep page against the stand-in: gaps, usage, check-ups."""

from datetime import UTC, date, datetime, timedelta

from streamlit.testing.v1 import AppTest

from app.api.routes.operating.checkup import CheckUpOut, FindingOut, PlaceOut
from app.api.routes.operating.insight import (
    BaseFiguresOut,
    CitedOut,
    CountsOut,
    DayOut,
    FiguresOut,
    GapOut,
)
from tests.ui.pages import ZH, go, said
from tests.ui.stand_in.operating import check_up_job
from tests.ui.stand_in.service import Application

QUESTION = "班车几点发车？"


def gap(application: Application, **changes: object) -> GapOut:
    base_id = next(iter(application.bases))
    given = GapOut(
        id="g1",
        question=QUESTION,
        times=3,
        people=2,
        base_ids=[base_id],
        last_asked_on=date(2026, 11, 1),
        answered=False,
    )
    return given.model_copy(update=changes)


def test_a_gap_leads_to_an_approved_answer(app: AppTest, application: Application) -> None:
    application.operating.gaps = [gap(application)]
    go(app, "upkeep")
    assert QUESTION in said(app)
    assert ZH["gaps.times"].format(n=3) in said(app)
    app.button(key="gap-write-g1").click().run()
    assert app.text_input(key="write-g1-question").value == QUESTION
    app.text_area(key="write-g1-answer").set_value("七点半。")
    next(b for b in app.button if b.label == ZH["approved.approve"]).click().run()
    assert not app.exception
    (approved,) = application.approved.values()
    assert (approved.question, approved.answer) == (QUESTION, "七点半。")
    assert approved.base_ids == [next(iter(application.bases))]


def test_an_answered_gap_can_only_be_taken_off_the_list(
    app: AppTest, application: Application
) -> None:
    application.operating.gaps = [gap(application, answered=True)]
    go(app, "upkeep")
    assert ZH["gaps.write"] not in [button.label for button in app.button]
    app.button(key="gap-settle-g1").click().run()
    assert ZH["gaps.none"] in said(app)


def test_hidden_gaps_are_counted_and_explained(app: AppTest, application: Application) -> None:
    application.operating.not_shown = 2
    go(app, "upkeep")
    assert ZH["gaps.only_hidden"].format(n=2) in said(app)


def test_usage_says_it_in_words_and_by_base(app: AppTest, application: Application) -> None:
    go(app, "upkeep")
    app.segmented_control(key="upkeep-view").set_value("usage").run()
    assert ZH["figures.none"] in said(app)
    counts = CountsOut(asked=10, not_found=3, failed=1, up=4, down=2)
    days = [DayOut(day=date.today() - timedelta(n), **counts.model_dump()) for n in (1, 0)]
    bases = list(application.bases.values())
    application.operating.figures = FiguresOut(
        whole=True,
        total=counts,
        days=days,
        bases=[
            BaseFiguresOut(base_id=b.id, name=b.name, counts=counts, last_asked_at=None)
            for b in bases
        ],
        documents=[CitedOut(document_id="d", name="手册.md", base_id=bases[0].id, answers=7)],
    )
    app.run()
    assert not app.exception
    assert ZH["figures.not_found"].format(n=3, percent="30") in said(app)
    assert "手册.md" in str([table.value for table in app.table]).replace("\u2060", "").replace(
        "\\", ""
    )


def check_up(app: AppTest) -> AppTest:
    go(app, "upkeep")
    return app.segmented_control(key="upkeep-view").set_value("checkup").run()


def found(application: Application, *findings: FindingOut, **more: object) -> None:
    given: dict[str, object] = {
        "job": check_up_job("b", state="done", stage="done"),
        "found_at": datetime.now(UTC),
        "findings": list(findings),
        **{"ignored": 0, "more": {}, "left_out": [], "documents": 3, "sections": 2},
        **more,
    }
    application.operating.check_up = CheckUpOut.model_validate(given)


def finding(kind: str, *names: str, text: str = "", **facts: int) -> FindingOut:
    places = [
        PlaceOut(document_id=f"d{n}", name=name, ordinal=0, text=text)
        for n, name in enumerate(names)
    ]
    return FindingOut.model_validate(
        {"key": f"key-{kind}", "kind": kind, "places": places, "facts": facts}
    )


def test_a_check_up_is_started_and_shows_how_far_it_is(
    app: AppTest, application: Application
) -> None:
    check_up(app)
    app.button(key="checkup-start").click().run()
    assert ZH["checkup.waiting"] in said(app)
    job = check_up_job("b", state="running", stage="reading", done=3, total=9)
    application.operating.check_up = application.operating.check_up.model_copy(update={"job": job})
    app.run()
    assert ZH["checkup.stage_reading"].format(done=3, total=9) in said(app)
    assert not app.exception


def test_each_kind_of_finding_is_said_in_words(app: AppTest, application: Application) -> None:
    found(
        application,
        finding("contradiction", "a.md", "b.md", text="年假为每年15天。"),
        finding("superseded", "v1.md", "v2.md"),
        finding("same_content", "c.md", "d.md"),
        finding("near_same", "e.md", "f.md", percent=88),
        finding("not_findable", "g.md", text="报销流程", places=10),
        finding("unused", "h.md", days=90, questions=40),
        more={"unused": 7},
        left_out=["headings", "unused", "contradictions"],
    )
    check_up(app)
    assert not app.exception
    shown = said(app).replace("\\", "")
    for text in ("年假为每年15天。", "88%", "“报销流程”", "最近 90 天的 40 个问题", "v2.md"):
        assert text in shown, text
    assert ZH["checkup.more"].format(n=7) in shown


def test_a_finding_leads_to_the_deletion_of_the_first_document(
    app: AppTest, application: Application
) -> None:
    found(application, finding("superseded", "v1.md", "v2.md"))
    check_up(app)
    app.button(key="finding-remove-key-superseded").click().run()
    assert app.session_state["dialog"]["ids"] == ["d0"]
    assert "v1.md" in said(app).replace("\\", "")


def test_a_finding_is_ignored_and_shown_again(app: AppTest, application: Application) -> None:
    found(application, finding("superseded", "v1.md", "v2.md"))
    check_up(app)
    app.button(key="finding-ignore-key-superseded").click().run()
    assert ZH["checkup.nothing"] in "".join(str(each.value) for each in app.success)
    app.button(key="checkup-show-ignored").click().run()
    assert application.operating.check_up.ignored == 0

"""The evaluation page against the stand-in."""

from datetime import UTC, datetime

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest, local_script_runner

from app.api.routes.evaluation import ComparisonOut, EvalQuestionOut
from tests.ui.pages import go, said
from tests.ui.stand_in.service import Application
from ui.parts.evaluation.start import PRESETS
from ui.safe_markdown import plain
from ui.words.texts import words

ZH = words("zh")
RUN = ZH["evaluation.run"].format(n=1)


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def finish(application: Application, *records: dict[str, object], **metrics: float) -> None:
    result = {"metrics": metrics, "records": list(records)}
    application.runs[0] = application.runs[0].model_copy(update={"state": "done", "result": result})


def add_question(application: Application) -> None:
    """So that there is something to evaluate."""
    base_id = next(iter(application.bases))
    application.questions["q1"] = EvalQuestionOut(
        id="q1",
        base_id=base_id,
        question="年假几天？",
        document_ids=[],
        source_text="",
        answer="15天",
        origin="manual",
        created_at=datetime.now(UTC),
    )


def run_now(app: AppTest, application: Application) -> AppTest:
    add_question(application)
    go(app, "evaluation")
    return press(app, RUN)


def record(qid: str, rank: int, answer: str = "", **scores: float) -> dict[str, object]:
    return {
        "qid": qid,
        "question": f"问题{qid}？",
        "gold": ["15天"],
        "scores": {"found.RR": 1 / rank if rank else 0.0, **scores},
        "details": {"rank": rank, **({"answer": answer} if answer else {})},
    }


def test_questions_are_added_and_deleted(app: AppTest, application: Application) -> None:
    go(app, "evaluation")
    assert not app.exception
    assert ZH["evaluation.none"] in said(app)
    document = next(iter(application.documents.values()))
    app.text_input(key="evaluation-question").set_value("年假几天？")
    app.multiselect(key="evaluation-sources").set_value([document.id])
    press(app, ZH["evaluation.save"])
    assert not app.exception
    (question,) = application.questions.values()
    assert (question.question, question.document_ids) == ("年假几天？", [document.id])
    assert "年假几天？" in said(app)
    assert plain(document.name) in said(app)
    app.button(key=f"question-delete-{question.id}").click().run()
    assert application.questions == {}


def test_nothing_expected_is_refused_in_words(app: AppTest, application: Application) -> None:
    go(app, "evaluation")
    app.text_input(key="evaluation-question").set_value("年假几天？")
    press(app, ZH["evaluation.save"])
    assert ZH["refusal.nothing_expected"] in said(app)
    assert application.questions == {}


def test_ratings_are_collected(app: AppTest) -> None:
    go(app, "evaluation")
    app.button(key="evaluation-collect").click().run()
    assert [toast.value for toast in app.toast] == [ZH["evaluation.collected"].format(n=2)]


def test_without_questions_nothing_can_be_started(app: AppTest) -> None:
    go(app, "evaluation")
    assert ZH["evaluation.first_questions"] in said(app)
    assert RUN not in [button.label for button in app.button]


def test_a_run_is_told_in_words_and_its_figures_one_click_further(
    app: AppTest, application: Application
) -> None:
    run_now(app, application)
    assert ZH["evaluation.queued_next"] in said(app)
    finish(application, record("a", 1), record("b", 0), **{"found.RR": 0.5})
    app.run()
    assert not app.exception
    assert ZH["evaluation.found"].format(of=2, n=1) in said(app)
    assert ZH["evaluation.preset_now"] in said(app)
    assert ZH["evaluation.no_answers"] in said(app)
    assert ZH["evaluation.failing"].format(n=1) in [each.label for each in app.expander]
    (figures,) = (e for e in app.expander if e.label == ZH["evaluation.figures"])
    assert "0.500" in str([table.value for table in figures.table])


def test_what_changed_is_said_with_the_question_and_both_answers(
    app: AppTest, application: Application
) -> None:
    run_now(app, application)
    good = {"contains_gold": 1.0}
    finish(
        application,
        record("a", 1, "年假15天。", **good),
        record("b", 0, "没有写。", contains_gold=0.0),
        record("c", 1, "一直对。", **good),
    )
    app.run()
    app.radio(key="evaluation-preset").set_value("more_passages")
    press(app, RUN)
    assert application.runs[0].changes == PRESETS["more_passages"]
    finish(
        application,
        record("a", 1, "年假二十天。", contains_gold=0.0),
        record("b", 2, "共15天。", **good),
        record("c", 1, "一直对。", **good),
    )
    application.comparison = ComparisonOut(leading="found.RR", differences=[], better=[], worse=[])
    app.run()
    assert not app.exception
    shown = said(app)
    assert ZH["evaluation.held"].format(of=3, n=2) in shown
    assert ZH["evaluation.better"].format(n=1) in shown
    assert ZH["evaluation.worse"].format(n=1) in shown
    for text in ("问题a？", "年假15天。", "年假二十天。", "问题b？", "没有写。", "共15天。"):
        assert text in shown, text
    was, now = ZH["evaluation.source_missed"], ZH["evaluation.source_at"].format(n=2)
    assert ZH["evaluation.was_now"].format(was=was, now=now) in shown
    assert "问题c？" not in shown


def test_the_same_as_before_is_said(app: AppTest, application: Application) -> None:
    for _ in range(2):
        run_now(app, application)
        finish(application, record("a", 1))
    application.comparison = ComparisonOut(leading="found.RR", differences=[], better=[], worse=[])
    app.run()
    assert ZH["evaluation.same"] in said(app)


def test_a_run_says_how_long_it_waits_and_how_far_it_is(
    app: AppTest, application: Application
) -> None:
    run_now(app, application)
    press(app, RUN)
    assert ZH["evaluation.queued_next"] in said(app)
    assert ZH["evaluation.queued"].format(n=1) in said(app)
    application.runs[1] = application.runs[1].model_copy(
        update={"state": "running", "stage": "questions_searched", "done": 2, "total": 5}
    )
    app.run()
    assert ZH["evaluation.stage_questions_searched"].format(done=2, total=5) in said(app)
    application.runs[1] = application.runs[1].model_copy(update={"stage": "something_new"})
    app.run()
    assert ZH["evaluation.running"] in said(app)


def test_a_run_is_cancelled(app: AppTest, application: Application) -> None:
    run_now(app, application)
    run = application.runs[0]
    app.button(key=f"run-cancel-{run.id}").click().run()
    assert not app.exception
    assert application.runs[0].state == "cancelled"
    app.run()
    assert ZH["evaluation.cancelled"] in said(app)
    assert not [button for button in app.button if button.key == f"run-cancel-{run.id}"]


def test_a_run_that_ended_before_it_was_cancelled_is_no_error(
    app: AppTest, application: Application
) -> None:
    run_now(app, application)
    run = application.runs[0]
    finish(application, **{"found.RR": 0.5})
    app.button(key=f"run-cancel-{run.id}").click().run()
    assert not app.exception


def test_a_failed_run_says_why(app: AppTest, application: Application) -> None:
    run_now(app, application)
    application.runs[0] = application.runs[0].model_copy(
        update={"state": "failed", "error": "no questions", "error_code": "no_questions"}
    )
    app.run()
    assert [each.value for each in app.error] == [
        ZH["evaluation.failed"].format(why=ZH["refusal.no_questions"])
    ]
    assert [each.value for each in app.code] == ["no questions"]  # for administrators


def test_public_sets_have_a_report_once_it_was_written(
    app: AppTest, application: Application
) -> None:
    go(app, "evaluation")
    assert ZH["evaluation.public"] not in said(app)
    application.report = "<!doctype html>"
    app.run()
    assert ZH["evaluation.public"] in said(app)
    assert not app.exception


def test_the_page_looks_by_itself_only_while_something_runs(
    app: AppTest, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[float] = []

    class Heard(ForwardMsgQueue):
        """What is sent to the browser."""

        def enqueue(self, msg: ForwardMsg) -> None:
            if msg.WhichOneof("type") == "auto_rerun":
                asked_for.append(msg.auto_rerun.interval)
            super().enqueue(msg)

    monkeypatch.setattr(local_script_runner, "ForwardMsgQueue", Heard)
    add_question(application)
    go(app, "evaluation")
    assert asked_for == []
    press(app, RUN)
    assert asked_for[-1:] == [2.0]
    asked_for.clear()
    finish(application, record("a", 1))
    app.run()
    assert asked_for == []
    assert ZH["evaluation.found"].format(of=1, n=1) in said(app)

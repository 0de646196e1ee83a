"""The evaluation page against the stand-in."""

from streamlit.testing.v1 import AppTest

from app.api.routes.evaluation import ChangeOut, ComparisonOut, DifferenceOut
from tests.ui.pages import go, said
from tests.ui.stand_in.service import Application
from ui.safe_markdown import plain
from ui.screens.evaluation import changes_of
from ui.words.texts import words

ZH = words("zh")


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def finish(application: Application, **metrics: float) -> None:
    application.runs[0] = application.runs[0].model_copy(
        update={"state": "done", "result": {"metrics": metrics}}
    )


def test_a_setting_a_line() -> None:
    assert changes_of("top_k = 8\n\n CANDIDATES=100\nodd") == {
        "top_k": "8",
        "candidates": "100",
        "odd": "",
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
    assert "Name an expected source or answer" in said(app)
    assert application.questions == {}


def test_ratings_are_collected(app: AppTest) -> None:
    go(app, "evaluation")
    app.button(key="evaluation-collect").click().run()
    assert [toast.value for toast in app.toast] == [ZH["evaluation.collected"].format(n=2)]


def test_a_run_is_started_shown_and_compared(app: AppTest, application: Application) -> None:
    go(app, "evaluation")
    assert ZH["evaluation.no_runs"] in said(app)
    press(app, ZH["evaluation.run"])
    assert ZH["evaluation.queued_next"] in said(app)
    finish(application, **{"found.RR": 0.5})
    app.run()
    assert not app.exception
    assert ZH["evaluation.unchanged"] in said(app)
    assert "0.500" in str([table.value for table in app.table])

    app.text_area(key="evaluation-changes").set_value("top_k = 8")
    press(app, ZH["evaluation.run"])
    assert application.runs[0].changes == {"top_k": "8"}
    finish(application, **{"found.RR": 1.0})
    change = ChangeOut(question="年假几天？", before=0.5, after=1.0)
    difference = DifferenceOut(
        metric="found.RR", before=0.5, after=1, mean=0.5, low=0.1, high=0.9, questions=1
    )
    application.comparison = ComparisonOut(
        leading="found.RR", differences=[difference], better=[change], worse=[]
    )
    app.run()
    assert not app.exception
    assert plain("top_k = 8") in said(app)
    assert ZH["evaluation.better"].format(n=1) in said(app)
    assert ZH["evaluation.worse"].format(n=0) in said(app)
    assert "0.50 → 1.00 · 年假几天？" in said(app)


def test_a_run_says_how_long_it_waits_and_how_far_it_is(
    app: AppTest, application: Application
) -> None:
    go(app, "evaluation")
    press(app, ZH["evaluation.run"])
    press(app, ZH["evaluation.run"])
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
    go(app, "evaluation")
    press(app, ZH["evaluation.run"])
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
    go(app, "evaluation")
    press(app, ZH["evaluation.run"])
    run = application.runs[0]
    finish(application, **{"found.RR": 0.5})
    app.button(key=f"run-cancel-{run.id}").click().run()
    assert not app.exception


def test_a_setting_that_may_not_be_tried_is_refused_in_words(
    app: AppTest, application: Application
) -> None:
    go(app, "evaluation")
    app.text_area(key="evaluation-changes").set_value("data_dir = /x")
    press(app, ZH["evaluation.run"])
    assert "Not a setting to try" in said(app)
    assert application.runs == []


def test_a_failed_run_says_why(app: AppTest, application: Application) -> None:
    go(app, "evaluation")
    press(app, ZH["evaluation.run"])
    application.runs[0] = application.runs[0].model_copy(
        update={"state": "failed", "error": "no questions"}
    )
    app.run()
    assert "no questions" in said(app)


def test_public_sets_have_a_report_once_it_was_written(
    app: AppTest, application: Application
) -> None:
    go(app, "evaluation")
    assert ZH["evaluation.no_report"] in said(app)
    application.report = "<!doctype html>"
    app.run()
    assert ZH["evaluation.no_report"] not in said(app)
    assert not app.exception

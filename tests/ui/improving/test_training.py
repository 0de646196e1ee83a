"""The Train tab: from ratings to a data set, a training, a verdict, and back."""

import pytest
from streamlit.testing.v1 import AppTest

from app.api.routes.improving.adapters import TakenBackOut
from app.api.routes.improving.datasets import StepOut
from tests.ui.improving.test_approved import press, rated_down
from tests.ui.pages import ZH, go, labels, said
from tests.ui.stand_in.improvement import adapter, job, watched
from tests.ui.stand_in.service import Application
from ui.safe_markdown import plain

PASSED = {
    "passed": True,
    "reasons": [],
    "figures": {"f1": {"base": 0.4, "tuned": 0.6, "low": 0.1, "high": 0.3, "questions": 40}},
    "changed": [
        {"question": "几天？", "target": "十五天", "base": "十天", "tuned": "十五天", "by": 1}
    ],
}
FAILED = {
    **PASSED,
    "passed": False,
    "reasons": [{"code": "refuses_more", "text": "…"}, {"code": "unheard_of", "text": "Other."}],
}


def progress(app: AppTest) -> list[str]:
    return [bar.proto.text for bar in app.get("progress")]  # type: ignore[union-attr]  # untyped there


def test_nothing_is_rated_yet(app: AppTest, application: Application) -> None:
    go(app, "review")
    press(app, ZH["train.build"])
    assert ZH["refusal.no_rows"] in said(app)
    assert ZH["train.no_adapter"] in said(app)


def test_from_a_correction_to_a_running_training(app: AppTest, application: Application) -> None:
    rated_down(app, application)
    go(app, "review")
    press(app, ZH["train.build"])
    app.run()
    assert ZH["train.rung_few"].format(n=1) in said(app)
    assert ZH["left_out.near_duplicate"] in str(app.table[0].value)
    press(app, ZH["train.start"])
    (started,) = application.jobs
    assert progress(app) == [ZH["train.waiting"]]
    assert next(b for b in app.button if b.label == ZH["train.start"]).disabled

    started.state, started.stage = "running", "training"
    application.curve = [StepOut(step=n, steps=9, loss=2 / n, seconds_left=61) for n in (1, 2)]
    app.run()
    assert progress(app) == [ZH["train.step"].format(done=2, total=9, minutes=2)]
    assert ZH["train.curve"] in said(app)


@pytest.mark.parametrize("kind", ["train", "gate"])
def test_why_a_job_failed_is_said(app: AppTest, application: Application, kind: str) -> None:
    detail = "The run was ended by SIGKILL."
    application.jobs = [job(kind, state="failed", error_code="killed", error_detail=detail)]
    go(app, "review")
    assert ZH["train.failed"].format(why=ZH["refusal.killed"]) in said(app)
    assert detail in [each.value for each in app.code]


def test_what_passed_is_put_into_service_and_taken_back(
    app: AppTest, application: Application
) -> None:
    application.adapters = [adapter("lora-1", verdict=PASSED)]
    go(app, "review")
    assert [each.value for each in app.success] == [ZH["train.passed"]]
    app.toggle(key="changed-lora-1").set_value(True).run()
    assert "十天" in said(app)
    press(app, ZH["train.promote"])
    assert application.adapters[0].aliases == ["champion"]
    assert ZH["train.served"] in said(app)
    press(app, ZH["train.rollback"])
    assert application.adapters[0].aliases == []


def test_what_did_not_pass_says_why_and_has_no_button(
    app: AppTest, application: Application
) -> None:
    application.adapters = [adapter("lora-1", verdict=FAILED), adapter("lora-2")]
    go(app, "review")
    assert ZH["gate.refuses_more"] in said(app)
    assert "Other." in said(app)
    assert ZH["train.not_measured"] in said(app)
    assert ZH["train.promote"] not in labels(app)
    press(app, ZH["train.measure"])
    assert [each.kind for each in application.jobs] == ["gate"]


MEASURES = {
    "rated_down": {"before": {"bad": 3, "of": 40}, "after": {"bad": 1, "of": 5}, "evidence": 0.5},
    "refused": {"before": {"bad": 0, "of": 90}, "after": {"bad": 12, "of": 24}, "evidence": 900.0},
}


def test_a_trial_is_begun_watched_and_ended(app: AppTest, application: Application) -> None:
    application.adapters = [adapter("lora-1", verdict=PASSED)]
    go(app, "review")
    app.radio(key="share-lora-1").set_value(10).run()
    press(app, ZH["canary.start"])
    (trial,) = application.watched
    assert (trial.name, trial.share, trial.shadow) == ("lora-1", 10, False)
    assert ZH["canary.badge"] in said(app)
    assert ZH["canary.nothing_yet"] in said(app)

    application.watched = [watched("lora-1", measures=MEASURES)]
    app.run()
    table = str(app.table[0].value)
    assert ZH["canary.of"].format(bad=12, of=24) in table
    assert ZH["canary.enough"].format(n=900) in said(app)
    press(app, ZH["canary.end_challenger"])
    assert application.watched == []


def test_what_did_not_pass_may_only_answer_unseen(app: AppTest, application: Application) -> None:
    application.adapters = [adapter("lora-1", verdict=FAILED)]
    go(app, "review")
    assert app.radio(key="share-lora-1").options == [ZH["canary.shadow"]]
    press(app, ZH["canary.start"])
    assert application.watched[0].shadow


def test_what_was_taken_back_says_why(app: AppTest, application: Application) -> None:
    application.adapters = [adapter("lora-1", verdict=PASSED)]
    guard = {"metric": "refused", **MEASURES["refused"]}
    application.taken_back = [
        TakenBackOut.model_validate(
            {"alias": "challenger", "guard": guard, "reason": "", "at": "2026-11-29T20:00:00Z"}
        )
    ]
    for page in ("review", "status"):
        go(app, page)
        assert ZH["canary.worse_refused"] in said(app)
        assert ZH["canary.of"].format(bad=12, of=24) in said(app)


def test_closed_bases_need_a_persons_consent(app: AppTest, application: Application) -> None:
    application.adapters = [adapter("lora-1", verdict=PASSED)]
    application.closed_base = "薪酬: 2026. 修订"
    go(app, "review")
    press(app, ZH["train.promote"])
    assert application.adapters[0].aliases == []
    bases = ", ".join([plain("薪酬: 2026. 修订"), "预算", ZH["consent.others"].format(n=2)])
    assert ZH["consent.what"].format(bases=bases) in said(app)
    press(app, ZH["consent.yes"])
    assert application.adapters[0].aliases == ["champion"]

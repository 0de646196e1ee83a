"""The status page against the stand-in."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.api.routes.health import AdviceOut, HeldOut
from app.services.calibration.said import UNCALIBRATED
from tests.ui.pages import ZH, go, said
from tests.ui.stand_in.engines import two_engines
from tests.ui.stand_in.service import Application, now


def test_the_status_page_says_what_is_down(app: AppTest, application: Application) -> None:
    go(app, "status")
    assert app.success[0].value == ZH["status.all"]
    assert "剩余 43.9 GB" in said(app)
    assert "free" not in said(app)
    application.engine_down_since = now()
    app.run()
    assert ZH["help.engine"] in said(app)


def test_the_status_page_says_why_the_embedder_is_not_loaded(
    app: AppTest, application: Application
) -> None:
    application.embedder_error = "It could not be loaded (OSError: model.safetensors is truncated)."
    go(app, "status")
    assert "is truncated" in said(app)
    assert ZH["help.embedder_failed"] in said(app)
    assert ZH["help.embedder"] not in said(app)


def test_the_status_page_says_that_the_embedding_server_is_away(
    app: AppTest, application: Application
) -> None:
    application.embedder_error = "The embedding server gpu:8080 is not reached (ConnectError)."
    application.embedder_fails_by = "unreachable"
    go(app, "status")
    assert "gpu:8080" in said(app)
    assert ZH["help.embedder_unreachable"] in said(app)
    assert ZH["help.embedder_failed"] not in said(app)


def test_the_status_page_shows_each_engine_and_what_to_do(
    app: AppTest, application: Application
) -> None:
    application.engines = two_engines(down_since=now())
    go(app, "status")
    assert not app.exception
    assert ZH["status.some"].format(n=1) in [w.value for w in app.warning]
    assert ZH["help.engine_gone"] in said(app)
    assert "All connection attempts failed" in said(app)
    application.engines = two_engines()
    app.run()
    assert app.success[0].value == ZH["status.all"]
    assert ZH["help.engine_gone"] not in said(app)


def test_who_is_not_told_why_an_engine_is_down_learns_who_is(
    app: AppTest, application: Application
) -> None:
    application.engines = two_engines(down_since=now())
    for engine in application.engines:
        engine.address = engine.last_error = engine.todo = ""
    go(app, "status")
    assert not app.exception
    assert ZH["help.engine_gone_told"] in said(app)
    assert ZH["help.engine_gone"] not in said(app)


def test_an_embedder_without_thresholds_is_said(app: AppTest, application: Application) -> None:
    application.uncalibrated = f"bge-m3 ({UNCALIBRATED})"
    go(app, "status")
    assert ZH["help.embedder_uncalibrated"] in said(app)
    assert "bge\\-m3" in said(app)
    assert "threshold" not in said(app)


def test_calibrating_and_what_came_of_it_are_said(app: AppTest, application: Application) -> None:
    application.uncalibrated = "bge-m3 (calibrating, 40 %: until then, every question is answered)"
    application.calibration_facts = {"uncalibrated": 1.0, "calibrating": 40.0}
    go(app, "status")
    assert ZH["help.embedder_calibrating"].format(percent=40) in said(app)
    assert ZH["help.embedder_uncalibrated"] not in said(app)
    application.uncalibrated = "bge-m3 (calibrated on 2026-11-29 for zh, en)"
    application.calibration_facts = {"calibrated": 1.0}
    app.run()
    assert ZH["help.embedder_calibrated"] in said(app)
    assert "calibrated on" not in said(app)


@pytest.mark.parametrize("code", ["more_able_model", "more_able_next", "smallest_model"])
def test_advice_on_the_model_is_on_the_status_page_and_gains_on_the_first(
    app: AppTest, application: Application, code: str
) -> None:
    facts = {"tokens_per_s": 310.4, "first_token_s": 4.2, "download_mb": 1103.0}
    command = "zhiwen models use qwen2.5-coder-1.5b-instruct"
    application.advice = [
        AdviceOut.model_validate(
            {"code": code, "model": "1.5b", "command": command, "facts": facts, "detail": ""}
        )
    ]
    go(app, "status")
    assert "310" in said(app)
    assert (command in [block.value for block in app.code]) == (code != "more_able_next")
    st.cache_data.clear()
    go(app, "chat")
    assert (command in [block.value for block in app.code]) == (code == "more_able_model")


def test_answers_that_a_change_made_worse_are_said(app: AppTest, application: Application) -> None:
    application.held = [
        HeldOut(base_id=key, base_name="员工 手册", worse=2, changed=5, at=now())
        for key in ("b", next(iter(application.bases)))  # the first may only be read
    ]
    go(app, "status")
    said_so = ZH["status.held"].format(base="员工 手册", worse=2, changed=5)
    assert said_so in [each.value for each in app.warning]
    links = [link.proto.label for link in app.get("page_link")]  # type: ignore[union-attr]  # untyped there
    assert links.count(ZH["status.held_look"]) == 1

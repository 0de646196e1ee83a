"""Reading an answer: from the start, again from elsewhere, stopped, refused, cut off."""

import socket

import pytest

from tests.patience import PATIENCE_S
from tests.ui.conftest import client_for, until
from tests.ui.stand_in.service import Application
from ui.client.http import ApiDown, ApiError, Client
from ui.client.watch import ask, follow


@pytest.fixture
def client(api_url: str) -> Client:
    return client_for(api_url)


def base_id(application: Application) -> str:
    return next(iter(application.bases))


def test_an_answer_is_read_to_its_end(client: Client, application: Application) -> None:
    watch = ask(client, {"question": "年假多少天？", "base_ids": [base_id(application)]})
    assert watch.finished.wait(PATIENCE_S)
    assert watch.error is None
    assert watch.final is not None
    assert watch.text == watch.final["content"]
    assert watch.passages == watch.final["passages"]
    assert watch.document_count == 1


def test_a_second_watch_hears_the_same_from_the_start(
    client: Client, application: Application
) -> None:
    application.delta_s = 0.01
    first = ask(client, {"question": "年假多少天？", "base_ids": [base_id(application)]})
    until(lambda: len(first.text) > 6)
    second = follow(client, first.answer_id)
    assert second.finished.wait(PATIENCE_S)
    assert first.finished.wait(PATIENCE_S)
    assert second.text == first.text
    assert second.passages == first.passages


def test_stopping_keeps_what_was_written(client: Client, application: Application) -> None:
    application.delta_s = 0.05
    watch = ask(client, {"question": "年假多少天？", "base_ids": [base_id(application)]})
    until(lambda: bool(watch.text))
    client.stop(watch.answer_id)
    assert watch.finished.wait(PATIENCE_S)
    assert watch.final is not None
    assert watch.final["state"] == "stopped"
    assert watch.final["content"]


def test_a_refused_question_says_why(client: Client, application: Application) -> None:
    watch = ask(client, {"question": "长" * 9000, "base_ids": [base_id(application)]})
    assert watch.finished.wait(PATIENCE_S)
    assert watch.started.is_set()
    assert watch.error is not None
    assert watch.error.code == "question_too_long"
    assert watch.error.facts["max_characters"] == 8000
    assert "8000" in watch.error.detail


def test_an_engine_that_is_down_ends_in_an_error_event(
    client: Client, application: Application
) -> None:
    application.engine_down_since = application.bases[base_id(application)].created_at
    watch = ask(client, {"question": "年假多少天？", "base_ids": [base_id(application)]})
    assert watch.finished.wait(PATIENCE_S)
    assert watch.error is not None
    assert watch.error.code == "engine_unavailable"
    assert watch.passages  # what was found stays


def test_no_service_is_told_apart_from_a_refusal(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nobody = client_for(f"http://127.0.0.1:{port}")
    with pytest.raises(ApiDown):
        nobody.bases()
    with pytest.raises(ApiError) as refused:
        client.document("0" * 24)
    assert not isinstance(refused.value, ApiDown)
    assert refused.value.status == 404
    assert refused.value.detail == "There is no such thing."
    watch = ask(nobody, {"question": "？", "base_ids": []})
    assert watch.finished.wait(PATIENCE_S)
    assert isinstance(watch.error, ApiDown)

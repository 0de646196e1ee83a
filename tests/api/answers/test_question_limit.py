"""Too long a question is refused before it is stored, by the limit of its engine."""

import math
from pathlib import Path

from app.llm.scripted import ScriptedChatModel
from app.rag.prompting.prompt import render_chatml
from tests.api.answers.test_engines import api_over
from tests.api.sse import ask
from tests.application import RunningApi, running_api


def limit_of(api: RunningApi, name: str = "scripted") -> int:
    models = {model["name"]: model for model in api.http.get("/api/models").json()}
    assert models[name]["max_question_characters"] == 8000
    return int(models[name]["max_question_tokens"])


def test_the_longest_question_is_answered_with_a_source(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("人事", {"手册.txt": "年假为每年十五天。"})
    limit = limit_of(api)
    assert 650 < limit < model.context_tokens
    model.enqueue("年假为每年十五天。")
    question = ("年假有几天？" * limit)[:limit]
    message = ask(api.http, question, base_id)["done"][0]["message"]
    assert message["passages"]
    asked = len(render_chatml(model.history[0]))
    assert asked <= model.context_tokens - api.application.settings.max_answer_tokens


def test_one_token_more_is_refused_and_nothing_is_kept(api: RunningApi) -> None:
    base_id = api.ingest("人事", {"手册.txt": "年假为每年十五天。"})
    limit = limit_of(api)
    question = "长" * (limit + 1)
    body = {"question": question, "base_ids": [base_id]}
    problem = api.http.post("/api/chat", json=body)
    assert problem.status_code == 413
    told = problem.json()
    assert (told["code"], told["tokens"], told["max_tokens"]) == (
        "question_too_long",
        limit + 1,
        limit,
    )
    assert api.http.get("/api/conversations").json()["total"] == 0
    asked = {"model": "zhiwen", "messages": [{"role": "user", "content": question}]}
    refused = api.http.post("/v1/chat/completions", json=asked)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "question_too_long")
    longer = api.http.post("/api/chat", json={**body, "question": "长" * 9000}).json()
    assert (longer["characters"], longer["max_characters"]) == (9000, 8000)


def test_a_text_to_translate_may_be_longer(api: RunningApi, model: ScriptedChatModel) -> None:
    text = "一句话。" * (math.ceil(limit_of(api) / 4) + 1)
    for _ in range(100):
        model.enqueue("A sentence.")
    assert ask(api.http, text, "", task="translate", base_ids=[])["done"]


def test_the_limit_follows_the_engine(tmp_path: Path, fake_url: str) -> None:
    small = {"name": "small", "base_url": fake_url, "model": "fake", "context_tokens": 2048}
    large = {**small, "name": "large", "context_tokens": 8192}
    with api_over(tmp_path, [{**small, "size": "small"}, large]) as api:
        base_id = api.ingest("人事", {"手册.txt": "年假为每年十五天。"})
        assert limit_of(api, "large") - limit_of(api, "small") == 8192 - 2048
        question = "How many days of leave are there each year, and why? " * 140
        body = {"question": question, "base_ids": [base_id]}
        refused = api.http.post("/api/chat", json={**body, "model": "small"})
        assert refused.json()["code"] == "question_too_long"
        for model in ("large", "auto"):  # auto sends long questions to the large one
            message = ask(api.http, question, base_id, model=model)["done"][0]["message"]
            assert message["model"] == "large"


def test_without_a_hurry_a_short_question_keeps_its_budget(tmp_path: Path) -> None:
    model = ScriptedChatModel(context_tokens=8192)
    with running_api(tmp_path, model=model, max_prompt_tokens=600) as api:
        base_id = api.ingest("人事", {"手册.txt": "年假为每年十五天。\n\n" * 200})
        model.enqueue("年假为每年十五天。")
        ask(api.http, "年假有几天？", base_id)
        assert len(render_chatml(model.history[0])) <= 600

"""/v1 with the package that people use."""

from pathlib import Path

import numpy as np
import openai
import pytest

from app.db.tables import KnowledgeBase
from app.llm.scripted import ScriptedChatModel
from tests.application import RunningApi, running_api


def client_of(api: RunningApi) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{api.url}/v1", api_key="none", max_retries=0)


def test_a_plain_client_gets_an_answer_with_citations_beside_it(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    client = client_of(api)
    assert [m.id for m in client.models.list()] == ["zhiwen", "zhiwen/人事"]
    model.enqueue("年假为每年十五天。")
    answer = client.chat.completions.create(
        model="zhiwen/人事", messages=[{"role": "user", "content": "年假有几天？"}]
    )
    assert answer.choices[0].message.content == "年假为每年十五天。"
    assert answer.usage is not None and answer.usage.total_tokens > 0
    assert answer.model_extra is not None
    (citation,) = answer.model_extra["citations"]
    assert (citation["document_name"], citation["text"]) == ("假期.txt", "年假为每年十五天。")
    (check,) = answer.model_extra["checks"]
    assert (check["start"], check["end"], check["verdict"]) == (0, 9, "supported")
    assert check["sources"] == [citation]


def test_streaming_with_usage(api: RunningApi, model: ScriptedChatModel) -> None:
    api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    model.enqueue("年假", "十五天。")
    stream = client_of(api).chat.completions.create(
        model="zhiwen",
        messages=[
            {"role": "system", "content": "You are a pirate."},
            {"role": "user", "content": "你好"},
            {"role": "assistant", "content": "你好！"},
            {"role": "user", "content": [{"type": "text", "text": "年假有几天？"}]},
        ],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "年假十五天。"
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens > 0
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-2].model_extra is not None
    assert [check["verdict"] for check in chunks[-2].model_extra["checks"]] == ["supported"]
    assert [m.content for m in model.history[0]][1:3] == ["你好", "你好！"]
    assert "pirate" not in model.history[0][0].content


def test_errors_have_the_openai_shape(api: RunningApi) -> None:
    api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    client = client_of(api)
    ask = [{"role": "user", "content": "年假？"}]
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-4", messages=ask)  # type: ignore[arg-type]  # plain dicts are fine
    assert unknown.value.code == "not_found"
    with pytest.raises(openai.InternalServerError) as down:  # the scripted model has no answer
        client.chat.completions.create(model="zhiwen", messages=ask)  # type: ignore[arg-type]  # plain dicts are fine
    assert (down.value.status_code, down.value.code) == (503, "engine_unavailable")
    with pytest.raises(openai.InternalServerError) as down_streaming:
        client.chat.completions.create(model="zhiwen", messages=ask, stream=True)  # type: ignore[call-overload]  # plain dicts are fine
    assert down_streaming.value.status_code == 503
    with pytest.raises(openai.UnprocessableEntityError) as none:
        client.chat.completions.create(
            model="zhiwen", messages=[{"role": "assistant", "content": "?"}]
        )
    assert none.value.type == "invalid_request_error"


def test_a_model_by_its_name(api: RunningApi) -> None:
    api.ingest("人事 / HR", {"假期.txt": "年假为每年十五天。"})
    client = client_of(api)
    for name in ("zhiwen", "zhiwen/人事 / HR", "zhiwen@scripted", api.application.embedder.name):
        assert client.models.retrieve(name).id == name
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("zhiwen/财务")


def test_turns_as_agents_and_front_ends_send_them(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    """Null, tool calls and their results, pictures: only the text of earlier turns is read."""
    api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    model.enqueue("年假为每年十五天。")
    call = {"id": "1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    answer = client_of(api).chat.completions.create(
        model="zhiwen",
        messages=[  # type: ignore[list-item]  # plain dicts are fine
            {"role": "developer", "content": "You are a pirate."},
            {"role": "user", "content": [{"type": "text", "text": "现在几点？"}, picture]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "1", "content": "12:00"},
            {"role": "assistant", "content": "十二点。", "refusal": None},
            {"role": "user", "content": [picture]},
            {"role": "assistant", "content": "一张图。"},
            {"role": "user", "content": "年假有几天？"},
        ],
        temperature=None,
        stream=None,  # type: ignore[call-overload]  # some clients send it
        stream_options=None,
        extra_body={"chat_template_kwargs": None},
    )
    assert answer.choices[0].message.content == "年假为每年十五天。"
    assert [m.content for m in model.history[0]][1:3] == ["现在几点？", "十二点。"]
    said = "".join(m.content for m in model.history[0])
    assert not any(word in said for word in ("pirate", "12:00", "一张图"))


def test_a_picture_in_the_question_is_refused(api: RunningApi) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        client_of(api).chat.completions.create(
            model="zhiwen",
            messages=[
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": ""}}]}
            ],
        )
    assert refused.value.code == "unsupported_content"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [5]}]}, "messages.0.content"),
        ({"messages": [{"role": "robot", "content": ""}]}, "messages.0.role"),
        ({"messages": []}, "messages"),
        ({"temperature": 9}, "temperature"),
    ],
)
def test_a_wrong_field_is_told_once(api: RunningApi, wrong: dict[str, object], field: str) -> None:
    body = {"model": "zhiwen", "messages": [{"role": "user", "content": "年假？"}], **wrong}
    answer = api.http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert message.startswith(f"body.{field}") and message.count("body.") == 1


def test_a_title_is_written_by_the_model_and_not_looked_up(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    asked = (
        "### Task:\nWrite a title of 2-6 words for the chat history.\n### Output:\n"
        'JSON: {"title": "…"}\n### Chat History:\n<chat_history>\nUSER: 年假有几天？\n'
        "ASSISTANT: 年假为每年十五天。\n</chat_history>"
    )
    model.enqueue('{"title": "年假天数"}')
    answer = client_of(api).chat.completions.create(
        model="zhiwen/人事", messages=[{"role": "user", "content": asked}]
    )
    assert answer.choices[0].message.content == '{"title": "年假天数"}'
    assert answer.model_extra is not None and answer.model_extra["citations"] == []
    ((system, sent),) = model.history
    assert sent.content == asked and "假期.txt" not in system.content


def test_a_title_behind_the_conversation_and_one_by_system_message(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    turns = [
        {"role": "user", "content": "年假有几天？"},
        {"role": "assistant", "content": "每年十五天。"},
    ]
    wish = "用五到六个字返回这段对话的主题，不要解释，不要标点。"
    for role in ("user", "system"):
        model.enqueue("年假天数")
        client_of(api).chat.completions.create(
            model="zhiwen",
            messages=[*turns, {"role": role, "content": wish}],  # type: ignore[list-item]  # plain dicts are fine
        )
        assert [m.content for m in model.history[-1]][1:] == ["年假有几天？", "每年十五天。", wish]


def test_embeddings_are_those_of_the_search(api: RunningApi) -> None:
    api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    client, embedder = client_of(api), api.application.embedder
    texts = ["年假为每年十五天。", "How long are backups kept?"]
    made = client.embeddings.create(model="zhiwen/人事", input=texts)
    expected = embedder.embed(texts, kind="document")
    assert [item.index for item in made.data] == [0, 1]
    assert np.array([item.embedding for item in made.data]) == pytest.approx(expected)
    assert made.usage.prompt_tokens == sum(embedder.token_counts(texts))
    as_query = client.embeddings.create(
        model=embedder.name,
        input=texts[0],
        encoding_format="float",
        extra_body={"input_type": "query"},
    )
    query = embedder.embed(texts[:1], kind="query")[0]
    assert np.array(as_query.data[0].embedding) == pytest.approx(query)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"input": [[1, 2]]}, "invalid"),
        ({"input": []}, "invalid"),
        ({"input": ""}, "invalid"),
        ({"input": "a", "dimensions": 3}, "wrong_dimensions"),
        ({"input": "年" * 100_000}, "input_too_long"),
    ],
)
def test_embeddings_that_are_refused(api: RunningApi, given: dict[str, object], code: str) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        client_of(api).embeddings.create(model="zhiwen", **given)  # type: ignore[arg-type]  # wrong on purpose
    assert refused.value.code == code
    with pytest.raises(openai.NotFoundError):
        client_of(api).embeddings.create(model="text-embedding-3-small", input="a")


def test_embeddings_of_a_base_with_another_embedder(api: RunningApi) -> None:
    base_id = api.ingest("旧库", {})
    with api.application.db.write() as session:
        base = session.get(KnowledgeBase, base_id)
        assert base is not None
        base.embedder = "another"
    with pytest.raises(openai.ConflictError) as other:
        client_of(api).embeddings.create(model="zhiwen/旧库", input="a")
    assert other.value.code == "wrong_embedder"


def test_a_page_that_the_settings_name_may_ask(tmp_path: Path, model: ScriptedChatModel) -> None:
    """What a browser asks before (preflight) and what it may read after, errors included."""
    origin = "https://portal.example"
    with running_api(tmp_path, model=model, allowed_origins=origin) as api:
        preflight = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os",
            "Access-Control-Request-Private-Network": "true",
        }
        for path in ("chat/completions", "embeddings", "models"):
            answer = api.http.options(f"/v1/{path}", headers=preflight)
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-allow-private-network"] == "true"
            allowed = answer.headers["access-control-allow-headers"].lower()
            assert {"authorization", "x-stainless-os"} <= set(allowed.replace(" ", "").split(","))
        refused = api.http.post("/v1/chat/completions", json={}, headers={"Origin": origin})
        assert refused.status_code == 422
        assert refused.headers["access-control-allow-origin"] == origin
        preflight["Origin"] = "https://evil.example"
        assert api.http.options("/v1/models", headers=preflight).status_code == 403

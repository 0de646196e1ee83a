"""/v1 with the package that people use."""

import openai
import pytest

from app.llm.scripted import ScriptedChatModel
from tests.application import RunningApi


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

"""Chat, translation and summaries, through the service."""

import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.llm.scripted import ScriptedChatModel
from app.prompts.prompt_file import load_prompt
from app.rag.answer import Question
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.language import Language
from app.rag.types import Passage, Scope
from app.tasks.summarise import MAX_PARTS, Summarise, parts_of, spread
from tests.api.sse import ask
from tests.application import RunningApi, running_api

HANDBOOK = "# 员工手册\n\n## 假期\n\n年假为每年十五天，须提前一周申请。病假每年十天。\n"


def answered(api: RunningApi, question: str, **more: Any) -> Any:
    found = ask(api.http, question, "", **{"base_ids": [], **more})
    return found["done"][0]["message"]


@pytest.mark.parametrize("name", ["chat", "translate", "summarise"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_prompt_has_a_version_and_a_system_text(name: str, language: Language) -> None:
    prompt = load_prompt(name)
    assert prompt.id == f"{name}-{prompt.version}"
    assert [m.role for m in prompt.head(language)] == ["system"]


def test_a_prompt_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        load_prompt("poem")


def test_chat_needs_no_base_and_remembers_the_conversation(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    model.enqueue("你好，", "我是知问。")
    first = answered(api, "你好", task="chat")
    assert first["content"] == "你好，我是知问。"
    assert (first["task"], first["prompt_id"], first["passages"]) == ("chat", "chat-1", [])
    assert first["cached_from"] is None

    model.enqueue("你刚才说：你好。")
    answered(api, "我刚才说了什么？", task="chat", conversation_id=first["conversation_id"])
    roles = [(m.role, m.content) for m in model.history[1]]
    assert roles[1:] == [
        ("user", "你好"),
        ("assistant", "你好，我是知问。"),
        ("user", "我刚才说了什么？"),
    ]


def test_a_long_chat_forgets_its_beginning_first(tmp_path: Path) -> None:
    model = ScriptedChatModel(context_tokens=700)
    with running_api(tmp_path, model=model, max_answer_tokens=100) as api:
        conversation = None
        for word in ("甲", "乙", "丙", "丁"):
            model.enqueue(word * 150)
            found = answered(api, word, task="chat", conversation_id=conversation)
            conversation = found["conversation_id"]
    said = "".join(m.content for m in model.history[-1])
    assert "丙" in said
    assert "甲" not in said


@pytest.mark.parametrize(
    ("text", "asked", "translated"),
    [
        ("年假十五天。", "Translate into English:\n年假十五天。", "Fifteen days of leave."),
        ("Backups are kept.", "译成中文：\nBackups are kept.", "备份会保留。"),
    ],
)
def test_translation_goes_into_the_other_language(
    api: RunningApi, model: ScriptedChatModel, text: str, asked: str, translated: str
) -> None:
    model.enqueue(translated)
    message = answered(api, text, task="translate")
    assert (message["content"], message["prompt_id"]) == (translated, "translate-1")
    assert model.history[0][-1].content == asked


def test_a_long_text_is_translated_piece_by_piece_and_keeps_its_paragraphs(tmp_path: Path) -> None:
    sentences = [f"第{n}条规定每个部门都要按时提交报告。\n\n" for n in "一二三四"]
    model = ScriptedChatModel()
    with running_api(tmp_path, model=model, max_answer_tokens=40) as api:
        for n in range(1, 5):
            model.enqueue(f"Rule {n}.")
        message = answered(api, "".join(sentences).strip(), task="translate")
    assert message["content"] == "Rule 1.\n\nRule 2.\n\nRule 3.\n\nRule 4."
    assert len(model.history) == 4
    for prompt, sentence in zip(model.history, sentences, strict=True):
        assert prompt[-1].content.endswith(sentence.strip())


def test_a_short_document_is_summarised_at_once_with_citations(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("人事", {"手册.md": HANDBOOK})
    document = api.http.get(f"/api/bases/{base_id}/documents").json()["items"][0]
    model.enqueue("年假为每年十五天，病假每年十天。")
    found = ask(api.http, "", base_id, task="summarise", document_id=document["id"])
    message = found["done"][0]["message"]
    assert message["content"] == "年假为每年十五天，病假每年十天。"
    assert [check["verdict"] for check in message["checks"]] == ["supported"]
    assert message["prompt_id"] == "summarise-1"
    assert found["start"][0]["question"]["content"] == "总结《手册.md》"
    assert {citation["marker"] for citation in message["citations"]} == {1}
    texts = [citation["text"] for citation in message["citations"]]
    assert any(text.startswith("年假为每年十五天") for text in texts)
    assert "须提前一周申请" in model.history[0][-1].content
    # The same document again, unchanged, costs nothing.
    again = ask(api.http, "", base_id, task="summarise", document_id=document["id"])
    assert again["done"][0]["message"]["cached_from"] == message["id"]


def test_a_long_document_is_read_part_by_part_within_the_context(tmp_path: Path) -> None:
    sections = [f"## 第{n}节\n\n" + f"第{n}节规定了仓库的温度。" * 30 for n in range(1, 9)]
    model = ScriptedChatModel(context_tokens=1200)
    settings = {"max_answer_tokens": 200, "context_tokens": 1200, "chunk_tokens": 100}
    with running_api(tmp_path, model=model, **settings) as api:
        base_id = api.ingest("仓库", {"仓库.md": "# 仓库\n\n" + "\n\n".join(sections)})
        document = api.http.get(f"/api/bases/{base_id}/documents").json()["items"][0]
        for n in range(20):
            model.enqueue(f"要点{n}。")
        found = ask(api.http, "总结", base_id, task="summarise", document_id=document["id"])
    calls, last = model.history[:-1], model.history[-1]
    assert 2 < len(calls) <= MAX_PARTS
    read = [stage for stage in found["stage"] if stage["stage"] == "reading"]
    assert [(stage["done"], stage["total"]) for stage in read] == [
        (n, len(calls)) for n in range(1, len(calls) + 1)
    ]
    for prompt in model.history:
        assert sum(model.count_tokens(m.content) for m in prompt) + 200 <= 1200
    whole = "".join(prompt[-1].content for prompt in calls)
    assert all(f"第{n}节规定了" in whole for n in range(1, 9))
    assert all(f"要点{n}。" in last[-1].content for n in range(len(calls)))


async def test_a_document_is_read_and_counted_off_the_event_loop() -> None:
    """Else every other answer of the process stands still meanwhile."""
    reading: list[int] = []
    passage = Passage(1, "d", "d.md", "b", 0, "年假为每年十五天。", 0, 9)

    def chunks(_document_id: str) -> list[Passage]:
        reading.append(threading.get_ident())
        return [passage]

    class Counting(ScriptedChatModel):
        def count_tokens(self, text: str) -> int:
            if text == passage.text:
                reading.append(threading.get_ident())
            return super().count_tokens(text)

    model = Counting()
    model.enqueue("年假十五天。")
    prompt = load_prompt("summarise")
    line = Summarise(model, prompt, chunks, max_answer_tokens=100, checker=EmbeddedChecker())
    events = [event async for event in line.stream(Question("", Scope(), task="summarise"))]
    assert len(events) > 2
    assert len(reading) == 2
    assert threading.get_ident() not in reading


def test_parts_hold_the_whole_text_and_a_sample_is_even() -> None:
    chunks = [
        Passage(n, "d", "d.md", "b", n, f"第{n}段。" * 5, n * 30, n * 30 + 20 + 5 * len(str(n)) - 5)
        for n in range(40)
    ]
    parts = parts_of(chunks, len, 60)
    assert all(len(part.text) <= 60 + 30 for part in parts)
    assert [p.chunk_id for part in parts for p in part.parts] == [c.chunk_id for c in chunks]
    few = spread(parts, MAX_PARTS)
    assert len(few) == MAX_PARTS
    steps = {b.ordinal - a.ordinal for a, b in pairwise(few)}
    assert max(steps) - min(steps) <= 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"question": "", "task": "chat"}, 422),
        ({"question": "x" * 9000, "task": "translate"}, 413),
        ({"question": "?", "task": "summarise", "document_id": "0"}, 404),
        ({"question": "?", "task": "chat", "document_id": "0"}, 422),
        ({"question": "?", "task": "poem"}, 422),
        ({"question": "?"}, 422),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_stored(
    api: RunningApi, body: dict[str, str], status: int
) -> None:
    assert api.http.post("/api/chat", json=body).status_code == status
    assert api.http.get("/api/conversations").json()["total"] == 0

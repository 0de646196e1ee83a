"""Answers to questions that go wrong easily: how they are judged, and the whole run."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.llm.scripted import ScriptedChatModel
from evals.documents.case_rules import Case, Said, problem
from evals.documents.cases import ask_all, contents, load
from evals.progress import silent
from evals.questions.bases import open_bases
from ingest.embedding.hashing import HashingEmbedder
from tests.application import test_settings as settings_in


def case(**wants: Any) -> Case:
    row = {
        "id": "corner-1",
        "files": [],
        "question": "?",
        "must_contain": [],
        "must_not_contain": [],
        "expect_refusal": False,
    }
    return Case.of({**row, **wants})


REFUSED = Said("所选知识库中没有找到能回答这个问题的内容。", "no_sources")


@pytest.mark.parametrize(
    ("wants", "said", "wrong"),
    [
        ({"must_contain": ["8 份", "八份"]}, Said("共8份。", "stop"), ""),
        ({"must_contain": ["8 份", "八份"]}, Said("共9份。", "stop"), "lacks '8 份'"),
        ({"must_not_contain": ["9"]}, Said("共8到9份。", "stop"), "has '9'"),
        ({"expect_refusal": True}, REFUSED, ""),
        ({"expect_refusal": True}, Said("共8份。", "stop"), "answered"),
        ({"expect_refusal": True}, Said("资料中没有提到份数。", "stop"), ""),
        ({}, REFUSED, "refused"),
        ({"expect_refusal": None, "must_contain": ["8 份"]}, REFUSED, ""),
        (
            {"expect_refusal": None, "must_contain": ["8 份"]},
            Said("9 份。", "stop"),
            "lacks '8 份'",
        ),
        ({"cites": "8 份"}, Said("8份[1]。", "stop", ("共有8份文件",)), ""),
        ({"cites": "8 份"}, Said("8份。", "stop", ("文件",)), "does not cite '8 份'"),
        ({"cites": ""}, Said("你好！", "stop", ("文件",)), "cites '文件'"),
        ({"cites": ""}, Said("你好！", "stop"), ""),
    ],
)
def test_an_answer_is_judged(wants: dict[str, Any], said: Said, wrong: str) -> None:
    assert problem(case(**wants), said) == wrong


def test_cells_and_cited_places_are_counted_apart() -> None:
    assert case(id="merged-2").about_a_place and case(id="date-1", cites="x").about_a_place
    assert not case(id="greeting-1", cites="").about_a_place
    assert case(id="follow-up-12").kind == "follow-up"


async def test_questions_are_asked_of_their_own_files_with_those_before(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for name, text in (("leave.md", "年假十天，病假五天。"), ("pay.md", "工资每月十日发放。")):
        (tmp_path / "files" / name).write_text(text, encoding="utf-8")
    rows = [
        {
            "id": "a-1",
            "files": ["files/leave.md"],
            "question": "那病假呢？",
            "after": "年假有几天？",
        },
        {"id": "a-2", "files": ["files/pay.md"], "question": "工资哪天发放？", "cites": "十日"},
    ]
    nothing = {"must_contain": [], "must_not_contain": [], "expect_refusal": False}
    lines = [json.dumps({**nothing, **row}, ensure_ascii=False) for row in rows]
    (tmp_path / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")

    cases = load(tmp_path)
    model = ScriptedChatModel()
    for answer in ("年假十天。", "病假五天。", "工资每月十日发放。"):
        model.enqueue(answer)
    opened = open_bases(
        contents(tmp_path, cases),
        settings_in(tmp_path / "data", embedder="hashing"),
        tmp_path / "evals",
        silent(),
        model=model,
        embedder=HashingEmbedder(),
    )
    with opened:
        outcomes = await ask_all(opened, cases, silent())
        await opened.zhiwen.close()
    assert [outcome.problem for outcome in outcomes] == ["", ""]
    assert any(message.content == "年假十天。" for message in model.history[1])
    assert all("病假" not in message.content for message in model.history[2])

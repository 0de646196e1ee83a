"""Questions about a base are answered from the database; those about its documents are not."""

import pytest

from app.llm.scripted import ScriptedChatModel
from app.tasks.about_base import chapters_in
from app.tasks.base_questions import asked_about_base
from tests.api.sse import ask
from tests.application import RunningApi

GUIDE = "# 操作指南\n\n## 第一章 开机\n\n按电源键。\n\n## 第二章 关机\n\n### 正常\n\n长按电源键。\n"
FILES = {
    "操作指南.md": GUIDE,
    "值班记录20260301.md": "# 值班记录\n\n一切正常。",
    "值班记录20260302.md": "# 值班记录\n\n更换灯管。",
    "Visitor guide.md": "# Visitor guide\n\n## Chapter 1: Arrival\n\nRing.\n\n"
    "## Chapter 2: Parking\n\nBehind.",
}


@pytest.mark.parametrize(
    ("text", "topic", "name"),
    [
        ("这个知识库里有几份文件？", "count", ""),
        ("知识库一共有多少个文档", "count", ""),
        ("知识库里有哪些文件？", "files", ""),
        ("请列出所有文件。", "files", ""),
        ("知识库最近一次更新是什么时候？", "updated", ""),
        ("《操作指南》有几章？", "chapters", "操作指南"),
        ("操作指南的目录", "chapters", "操作指南"),
        ("一共有几份值班记录？", "named", "值班记录"),
        ("How many files are in this knowledge base?", "count", ""),
        ("How many documents does this base contain?", "count", ""),
        ("Which documents do you have?", "files", ""),
        ("List all files", "files", ""),
        ("When was the knowledge base last updated?", "updated", ""),
        ("How many chapters does the visitor guide have?", "chapters", "visitor guide"),
    ],
)
def test_a_question_about_the_base_is_known(text: str, topic: str, name: str) -> None:
    asked = asked_about_base(text)
    assert asked is not None and (asked.topic, asked.name) == (topic, name)


@pytest.mark.parametrize(
    "text",
    [
        "How many files must an applicant hand in?",
        "How many files can I upload?",
        "Which documents do I need for a visa?",
        "When was the policy last updated?",
        "List all the exits",
        "申请人要交几份文件？",
        "需要提交哪些文件？",
        "报销要附几份资料？",
        "文件要保存多少年？",
        "档案库里有几份文件？",
        "知识库怎么建？",
        "这个项目有几份合同？",
    ],
)
def test_a_question_about_documents_is_none_of_these(text: str) -> None:
    assert asked_about_base(text) is None


@pytest.fixture
def base_id(api: RunningApi) -> str:
    return api.ingest("资料", FILES)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("知识库里有几份文件？", ["4 份", "操作指南.md", "Visitor guide.md"]),
        ("How many files are in this knowledge base?", ["There are 4 files", "操作指南.md"]),
        ("操作指南有几章？", ["操作指南.md 有 2 章。"]),
        ("操作指南有哪些章节？", ["2 章", "第一章 开机", "第二章 关机"]),
        ("How many chapters does the visitor guide have?", ["Visitor guide.md has 2 chapters."]),
        ("一共有几份值班记录？", ["2 份", "值班记录20260302.md"]),
        ("知识库最近一次更新是什么时候？", ["最近一次更新是 20"]),
    ],
)
def test_the_database_answers(
    api: RunningApi, model: ScriptedChatModel, base_id: str, question: str, said: list[str]
) -> None:
    answer = ask(api.http, question, base_id)["done"][0]["message"]
    assert [words for words in said if words not in answer["content"]] == []
    assert (answer["finish_reason"], answer["citations"]) == ("listed", [])
    assert model.history == []


@pytest.mark.parametrize("question", ["入职指南有几章？", "一共有几份操作指南？"])
def test_what_the_names_of_files_do_not_tell_is_asked_of_the_documents(
    api: RunningApi, model: ScriptedChatModel, base_id: str, question: str
) -> None:
    model.enqueue("不清楚。")
    answer = ask(api.http, question, base_id)["done"][0]["message"]
    assert answer["finish_reason"] != "listed"


def test_a_replaced_file_counts_once_and_a_removed_one_not_at_all(
    api: RunningApi, base_id: str
) -> None:
    api.ingest("资料", {"操作指南.md": GUIDE + "\n## 第三章 维护\n\n每月除尘。\n"})
    answer = ask(api.http, "知识库里有几份文件？", base_id)["done"][0]["message"]
    assert "4 份" in answer["content"]
    answer = ask(api.http, "操作指南有几章？", base_id)["done"][0]["message"]
    assert "3 章" in answer["content"]
    documents = api.http.get(f"/api/bases/{base_id}/documents").json()["items"]
    api.http.delete(f"/api/documents/{documents[0]['id']}").raise_for_status()
    answer = ask(api.http, "知识库里有几份文件？", base_id)["done"][0]["message"]
    assert "3 份" in answer["content"]


def test_chapters_are_lines_numbered_from_one_on() -> None:
    contents = (
        "目录\n第一章 总则\n第二章 细则\n\n"
        "第一章 总则\n第二章的规定适用。\n第二章 细则\n第三章 附则"
    )
    assert chapters_in(contents) == ["第一章 总则", "第二章 细则", "第三章 附则"]
    assert chapters_in("Chapter I\nOnce\nChapter II. On\nChapter 2 says more.") == [
        "Chapter I",
        "Chapter II. On",
    ]
    assert chapters_in("第二章 细则\n第三章 附则") == []  # the first is missing
    assert chapters_in("没有章节的文件") == []

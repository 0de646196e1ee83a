"""`zhiwen ask`, `zhiwen export`."""

import json
from pathlib import Path

import pytest

from app.llm.chat_model import EngineStreamBroken
from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask
from tests.application import RunningApi
from tests.cli.shell import Shell

HANDBOOK = "# 员工手册\n\n## 假期\n\n年假为每年十五天，须提前一周申请。\n"
SENTENCE = "年假为每年十五天，须提前一周申请。"


@pytest.fixture
def base_id(api: RunningApi) -> str:
    return api.ingest("人事", {"[bold]手册 :smile: [1].md": HANDBOOK})


@pytest.mark.usefixtures("base_id")
def test_an_answer_with_its_sources(served: Shell, model: ScriptedChatModel) -> None:
    model.enqueue("年假为每年", "十五天，须提前一周申请。")
    ran = served("ask", "年假有几天？", "--kb", "人事")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        SENTENCE,
        "",
        f"[1] [bold]手册 :smile: [1].md: {SENTENCE}",
    ]


@pytest.mark.usefixtures("base_id")
def test_what_no_source_says_is_said_below_the_answer(
    served: Shell, model: ScriptedChatModel
) -> None:
    model.enqueue("年假为每年三十天。", "火星分部设在北极冰盖之下。")
    lines = served("ask", "年假有几天？", "--kb", "人事").out.splitlines()
    assert lines[0] == "年假为每年三十天。火星分部设在北极冰盖之下。"
    assert "Differs from the sources: 年假为每年三十天。" in lines
    assert "Not in the sources: 火星分部设在北极冰盖之下。" in lines


@pytest.mark.usefixtures("base_id")
def test_an_answer_as_json(served: Shell, model: ScriptedChatModel) -> None:
    model.enqueue(SENTENCE)
    answer = json.loads(served("ask", "年假有几天？", "--json").out)
    assert answer["answer"] == SENTENCE
    assert answer["citations"] == [
        {"marker": 1, "document": "[bold]手册 :smile: [1].md", "page": None, "text": SENTENCE}
    ]
    assert answer["finish_reason"] == "stop"


@pytest.mark.usefixtures("base_id")
def test_markup_and_commands_to_the_terminal_are_shown_or_dropped_never_obeyed(
    served: Shell, model: ScriptedChatModel
) -> None:
    model.enqueue("[bold]fett[/bold] :smile: ", "\x1b]0;title\x07[/] end.")
    ran = served("ask", "年假有几天？")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("[bold]fett[/bold] :smile: ]0;title[/] end.")


@pytest.mark.usefixtures("base_id")
def test_an_engine_that_is_down_is_said_in_plain_words(served: Shell) -> None:
    for more in ((), ("--json",)):
        ran = served("ask", "年假有几天？", *more)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("error: ")
        assert "The model engine is unreachable." in ran.err
        assert "Traceback" not in ran.err


@pytest.mark.usefixtures("base_id")
def test_an_answer_that_breaks_off_keeps_its_line(served: Shell, model: ScriptedChatModel) -> None:
    model.enqueue("年假为", "每年十五天。须", error=EngineStreamBroken("the connection broke"))
    ran = served("ask", "年假有几天？")
    assert ran.code == 1
    assert ran.out.startswith("年假为每年十五天")
    assert ran.out.endswith("\n")
    assert ran.err.startswith("error: The model engine stopped in the middle of the answer.")


@pytest.mark.usefixtures("base_id")
def test_an_unknown_base_is_refused_with_those_there_are(served: Shell) -> None:
    ran = served("ask", "年假有几天？", "--kb", "[red]财务")
    assert ran.code == 1
    assert ran.err == "error: There is no knowledge base named '[red]财务'. There are: '人事'.\n"


def test_no_base_at_all(served: Shell) -> None:
    assert "zhiwen ingest FILE --kb NAME" in served("ask", "年假有几天？").err


def test_a_question_too_long_is_refused(served: Shell, base_id: str) -> None:
    ran = served("ask", "年" * 100_000)
    assert ran.code == 1
    assert "100000 characters" in ran.err


def rate(api: RunningApi, model: ScriptedChatModel, base_id: str) -> None:
    model.enqueue("十天。")
    message = ask(api.http, "年假有几天？", base_id)["done"][0]["message"]
    api.http.put(
        f"/api/messages/{message['id']}/feedback",
        json={"rating": "down", "reason": "wrong", "correction": "十五天[1]。"},
    ).raise_for_status()


def test_a_correction_becomes_a_pair(
    served: Shell, api: RunningApi, model: ScriptedChatModel, base_id: str, tmp_path: Path
) -> None:
    rate(api, model, base_id)
    ran = served("export", "--format", "dpo")
    assert ran.code == 0
    pair = json.loads(ran.out)
    assert pair["chosen"][-1]["content"] == "十五天[1]。"
    assert pair["rejected"][-1]["content"].startswith("十天")
    assert ran.err == "1 rows from 1 rated answers\n"

    file = tmp_path / "pairs.jsonl"
    written = served("export", "--format", "dpo", "--output", file, "--kb", "人事", "--json")
    assert file.read_text("utf-8") == ran.out
    assert written.out == ""
    assert json.loads(written.err)["exported"] == 1


def test_filters_and_what_was_left_out(
    served: Shell, api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    rate(api, model, base_id)
    assert served("export", "--rating", "up").err == "0 rows from 0 rated answers\n"
    assert served("export", "--since", "2999-01-01").err == "0 rows from 0 rated answers\n"
    assert served("export", "--supported-only").code == 0
    assert served("export", "--format", "csv").code == 2
    assert served("export", "--output", "/nowhere/at/all.jsonl").err.startswith(
        "error: /nowhere/at/all.jsonl cannot be written:"
    )


def test_chat_and_translation_need_no_base(served: Shell, model: ScriptedChatModel) -> None:
    model.enqueue("你好！")
    assert served("ask", "你好", "--task", "chat").out == "你好！\n"
    model.enqueue("Fifteen days.")
    answer = json.loads(served("ask", "十五天。", "--task", "translate", "--json").out)
    assert (answer["answer"], answer["task"]) == ("Fifteen days.", "translate")
    assert served("ask", "你好", "--task", "poem").code != 0


@pytest.mark.usefixtures("base_id")
def test_an_answer_is_given_again_unless_a_fresh_one_is_wanted(
    served: Shell, model: ScriptedChatModel
) -> None:
    model.enqueue(SENTENCE)
    first = json.loads(served("ask", "年假有几天？", "--json").out)
    again = json.loads(served("ask", "年假有几天?", "--json").out)
    assert (again["cached_from"], again["answer"]) == (first["id"], first["answer"])
    model.enqueue("十五天。")
    fresh = json.loads(served("ask", "年假有几天？", "--fresh", "--json").out)
    assert fresh["cached_from"] is None


@pytest.mark.usefixtures("base_id")
def test_an_answer_is_replayed(served: Shell, model: ScriptedChatModel) -> None:
    model.enqueue(SENTENCE)
    answer_id = json.loads(served("ask", "年假有几天？", "--json").out)["id"]
    model.enqueue(SENTENCE)
    ran = served("replay", answer_id)
    assert ran.code == 0, ran.err
    assert ran.out.count(SENTENCE) == 2
    assert "Identical." in ran.out
    model.enqueue("十天。")
    replayed = json.loads(served("replay", answer_id, "--json").out)
    assert (replayed["same"], replayed["after"]) == (False, "十天。")
    assert replayed["recipe"]["sampling"]["temperature"] is None  # the engine's own
    assert served("replay", "nothing").code == 1
    model.enqueue("十天。")
    assert "Verdicts before: supported 1" in served("replay", answer_id).out


def test_an_answer_is_approved_listed_and_withdrawn(
    api: RunningApi, served: Shell, base_id: str
) -> None:
    made = served("approved", "add", "年假有几天？", "年假为每年十五天。", "--kb", "人事")
    assert made.code == 0 and "[bold]手册 :smile: [1].md" in made.out
    (listed,) = json.loads(served("approved", "list", "--kb", "人事", "--json").out)
    assert listed["base_ids"] == [base_id]
    said = served("ask", "年假有几天？", "--kb", "人事").out
    assert said.startswith("年假为每年十五天。\nApproved answer.")
    api.ingest("人事", {"[bold]手册 :smile: [1].md": HANDBOOK.replace("十五", "二十")})
    assert "was changed" in served("approved", "list").out
    assert served("approved", "remove", listed["id"]).code == 0
    assert served("approved", "list").out == ""
    assert served("approved", "remove", listed["id"]).code == 1

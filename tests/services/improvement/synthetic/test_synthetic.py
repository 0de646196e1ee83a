"""Questions made from documents: what is kept, checked and trained on."""

import asyncio
import json
from dataclasses import replace

import pytest

from app.llm.scripted import ScriptedChatModel
from app.prompts.prompt_file import load_prompt
from app.services.errors import Invalid
from app.services.improvement.synthetic.kept import Counts, SyntheticQuestions
from app.services.improvement.synthetic.making import Made, Making
from app.services.people.access import LOCAL_OWNER as ME
from app.tuning.dataset import SYNTHETIC_HELD_OUT, build_dataset
from tests.application import RunningApi
from tests.tuning.test_dataset import HELD_OUT, TRAINED, source

LEAVE = (
    "# 假期\n\n员工年假为每年十五天，须提前一周向部门主管申请，由人事部门核准之后生效。"
    "未休的年假可以结转到次年三月底，逾期作废，不另外折算工资，特殊情况由总经理批准。\n"
)
GOOD = "问题：员工年假是每年多少天？\n答案：员工年假为每年十五天。"


def make(api: RunningApi) -> Made:
    zhiwen = api.application
    line = zhiwen.direct.answer_line
    making = Making(zhiwen.db, line, zhiwen.gateway, line.checker, load_prompt("question"))
    others = {name: f"火星上有{n}座火山，第{n}座最高。" for n, name in enumerate(HELD_OUT[:4])}
    base_id = api.ingest("假期", {TRAINED[0]: LEAVE, **others})
    return asyncio.run(making.make(base_id, 9, lambda done, of: None))


def test_what_holds_is_kept_checked_and_trained_on(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    model.enqueue(GOOD)
    (kept,) = make(api).kept
    assert (kept.document_name, kept.answer) == (TRAINED[0], "员工年假为每年十五天[1]。")
    assert kept.prompt[-1]["role"] == "user"
    assert "十五天" in kept.prompt[-1]["content"]
    assert make(api) == Made()  # every section to train on has its question

    zhiwen = api.application
    with pytest.raises(Invalid, match="Nothing to train on"):
        zhiwen.datasets.build(ME, "sft", kept.style)
    with pytest.raises(Invalid, match="with sft"):
        zhiwen.datasets.build(ME, "kto", kept.style, synthetic=True)
    data = zhiwen.datasets.build(ME, "sft", kept.style, synthetic=True)
    assert data.card["origins"] == {"refusal": 1, "synthetic": 1}
    assert data.card["rows"] == {"train": 2, "held_out": 0}
    assert data.card["restrictions"]["base_ids"] == [kept.base_id]

    questions = SyntheticQuestions(zhiwen.db)
    (sampled,) = questions.sample(ME, kept.base_id, 5)
    questions.check(ME, sampled.id, "wrong")
    assert questions.counts(kept.base_id) == Counts(1, 0, 1)
    assert questions.sample(ME, kept.base_id, 5) == []
    with pytest.raises(Invalid):
        zhiwen.datasets.build(ME, "sft", kept.style, synthetic=True)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("年假有十五天。", "no_question"),
        ("问题：文中说了什么？\n答案：员工年假为每年十五天。", "not_clear"),
        ("问题：员工年假为每年十五天。\n答案：员工年假为每年十五天。", "not_clear"),
        ("问题：员工年假每年是否须提前申请？\n答案：员工年假每年须提前申请。", "says_nothing"),
        ("问题：员工年假是每年多少天？\n答案：员工年假为每年二十天。", "not_stated"),
        ("问题：火星上有几座火山？\n答案：员工年假为每年十五天。", "not_stated"),
        (
            "问题：火星上有几座火山？\n"
            "答案：员工年假为每年十五天，须提前一周向部门主管申请，由人事部门核准之后生效。",
            "not_found",
        ),
    ],
)
def test_what_does_not_hold_is_counted(
    api: RunningApi, model: ScriptedChatModel, written: str, why: str
) -> None:
    model.enqueue(written)
    made = make(api)
    assert (made.kept, json.dumps(made.left_out)) == ([], json.dumps({why: 1}))


def test_nothing_made_is_measured_by() -> None:
    made = [
        replace(source(n, document, "别的.md"), synthetic=True)
        for n, document in enumerate((TRAINED[0], HELD_OUT[0]))
    ]
    found = build_dataset(made, "sft", "answer")
    assert {row.split for row in found.rows} == {"train"}
    assert found.left_out[SYNTHETIC_HELD_OUT] == 1

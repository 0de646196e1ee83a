"""A party to a contract, or to a suit, is not the other one."""

import pytest

from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.grounding.facts.polarity import opposed_across
from tests.rag.passages import passage


def verdict(source: str, answer: str) -> str:
    (check,) = EmbeddedChecker().check("", answer, [passage(source)])
    return check.verdict


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        ("运费由甲方承担。", "甲方承担运费。", "运费由乙方承担。"),
        ("甲方应向乙方支付全部货款。", "全部货款应由甲方支付给乙方。",
         "乙方应向甲方支付全部货款。"),
        ("运输保险费由买方承担。", "买方承担运输保险费。", "运输保险费由卖方承担。"),
        ("房屋的日常维修由出租人负责。", "房东负责房屋的日常维修。",
         "房屋的日常维修由承租人负责。"),
        ("诉讼费由原告承担。", "原告承担诉讼费。", "诉讼费由被告承担。"),
        ("The lessor pays for major repairs.", "Major repairs are paid for by the lessor.",
         "The lessee pays for major repairs."),
        ("The buyer shall pay the seller within 30 days.",
         "The seller is paid by the buyer within 30 days.",
         "The seller shall pay the buyer within 30 days."),
        ("The employer provides the tools.", "Tools are provided by the employer.",
         "The employee provides the tools."),
    ],
)  # fmt: skip
def test_parties_do_not_change_places(source: str, right: str, wrong: str) -> None:
    assert verdict(source, right) == "supported"
    assert verdict(source, wrong) == "contradicted"


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("未经甲方书面同意，乙方不得转租。", "乙方不得转租。"),
        ("乙方解除合同的，应提前30天书面通知甲方。", "解除合同应提前30天书面通知甲方。"),
        ("解除合同应提前30天书面通知甲方。", "乙方解除合同应提前30天书面通知。"),
        ("The tenant pays the landlord 500 euros.", "The landlord is paid 500 euros."),
        ("保险费由用人单位和劳动者共同缴纳。", "保险费由劳动者和用人单位共同缴纳。"),
        (
            "The landlord must return the deposit to the tenant within 14 days.",
            "The tenant gets the deposit back from the landlord within 14 days.",
        ),
    ],
)
def test_a_party_that_is_not_named_is_not_the_other(source: str, answer: str) -> None:
    assert verdict(source, answer) == "supported"


def test_parties_are_told_across_languages() -> None:
    assert opposed_across("维修由出租人负责。", "the tenant is responsible for repairs.")
    assert not opposed_across("维修由出租人负责。", "the landlord is responsible for repairs.")

"""An answer that says nothing beyond its question is replaced by the source's own words."""

import pytest

from app.rag.extractive.quote import Quoter, quotation
from app.rag.extractive.reader import ExtractiveReader
from app.rag.types import Passage
from tests.rag.passages import passage

HALL = passage(
    "培训中心设在二号楼，简称培心。节流阀，俗称油门，是调节流量的装置；它由技术部每季度检查一次。"
    "年假共十五天。"
)
MANUAL = passage(
    "The throttle, also called the gas, is checked every quarter. It stands in hall 3."
)


def shown(question: str, pieces: list[str], *, source: object = HALL) -> list[str]:
    quoter = Quoter([source], question)  # type: ignore[list-item]
    return [*(quoter.feed(piece) for piece in pieces), quoter.finish()]


def test_what_says_more_is_shown_as_soon_as_it_does() -> None:
    assert shown("节流阀俗称什么？", ["节流阀", "俗称", "油门", "。"]) == [
        "",
        "",
        "节流阀俗称油门",
        "。",
        "",
    ]


def test_what_only_repeats_the_question_becomes_a_quotation() -> None:
    assert "".join(shown("节流阀俗称什么？", ["节流阀", "。"])) == "节流阀，俗称油门"


def test_a_single_character_of_the_question_is_no_answer() -> None:
    assert "".join(shown("节流阀由谁检查？", ["节"])).startswith("节流阀，俗称油门")


def test_a_quotation_goes_on_until_it_says_something_new() -> None:
    told = quotation([HALL], "节流阀由谁检查？", "节流阀")
    assert told.startswith("节流阀，俗称油门")
    assert "简称培心" not in told


def test_half_a_word_is_not_taken_for_a_new_one() -> None:
    pieces = ["The thr", "ottle"]
    assert shown("What is the throttle also called?", pieces, source=MANUAL)[:2] == ["", ""]


@pytest.mark.parametrize("answer", ["", "培训中心"])
def test_without_a_sentence_that_says_more_the_answer_stays(answer: str) -> None:
    nothing = passage("培训中心。")
    assert "".join(shown("培训中心在哪里？", [answer], source=nothing)) == answer


CONTACTS = passage(
    "部门联系方式\n\n| 部门 | 负责人 | 分机 |\n| 财务部：报销、开票 | 林晓 | 801 |\n"
    "| 技术部 | 马超 | 803 |\n\n每季度更新。"
)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        # neither the title of a table, nor its head, nor a row that is not named
        ("采购部门联系谁", ""),
        ("部门联系方式", ""),
        # a row is not cut within a cell
        ("开票怎么联系", "财务部：报销、开票，林晓，801"),
    ],
)
def test_of_a_table_the_rows_that_are_named_are_quoted(question: str, told: str) -> None:
    assert "".join(shown(question, [question], source=CONTACTS)) == told


def test_the_limit_of_another_row_contradicts_nothing() -> None:
    limits = passage(
        "| 金额 | 审批人 | 时限 |\n| 1000元以下 | 部门经理 | 1个工作日 |\n"
        "| 1000元至10000元 | 财务总监 | 3个工作日 |\n| 10000元以上 | 总经理 | 5个工作日 |\n\n"
        "附发票原件。"
    )
    reader = ExtractiveReader([limits], "总经理批多大的", {})
    assert reader.feed("10000元以上") + reader.finish() == "10000元以上[1]"


@pytest.mark.parametrize("pieces", [[" 4", ".2"], [" 4.2 号楼", "。"]])
def test_an_answer_does_not_begin_with_a_space(pieces: list[str]) -> None:
    """What goes on after given first words often does."""
    hall = passage("培训中心在 4.2 号楼。")
    assert "".join(shown("培训中心在哪里？", pieces, source=hall)).startswith("4.2")


def test_a_heading_is_where_the_answer_stands_and_none_itself() -> None:
    text = (
        "3.2 病假\n\n每位员工每年享有 8 天全薪病假。\n\n四、远程办公\n\n1. 每周一不安排远程办公。"
    )
    quoter = Quoter([passage(text)], "那病假呢？")
    assert [quoter.feed(piece) for piece in ("3.2 ", "病假")] == ["", ""]
    assert quoter.finish() == "每位员工每年享有 8 天全薪病假。"
    quoter = Quoter([passage(text)], "哪一天不能远程办公？")
    assert quoter.feed("四、远程办公") + quoter.finish() == "每周一不安排远程办公。"


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        # a line that says what the question does not is no mere heading
        ("审批人\n张三经理\n按月审批。", "谁批准病假？", "张三经理"),
        # and what begins with a number has not always one in front
        ("3.5 亿元的营业收入\n同比增长。", "营业收入是多少？", "3.5 亿元的营业收入"),
        ("1.5 倍工资\n另有补贴。", "加班工资是多少？", "1.5 倍工资"),
    ],
)
def test_other_lines_may_be_answers(text: str, question: str, answer: str) -> None:
    quoter = Quoter([passage(text)], question)
    assert quoter.feed(answer) + quoter.finish() == answer


def test_a_bare_verdict_gives_way_to_what_the_source_says() -> None:
    source = passage("The gateway connects by Ethernet or Wi-Fi. It weighs 780 g.")
    quoter = Quoter([source], "Can the gateway be connected by Bluetooth?")
    assert quoter.feed("Yes") + quoter.finish() == "The gateway connects by Ethernet or Wi-Fi."
    quoter = Quoter([passage("试用期满的员工可以申请远程办公。")], "试用期能远程办公吗？")
    assert quoter.feed("否") + quoter.finish() == "试用期满的员工可以申请远程办公。"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2.年终奖于次年 1 月随工资发放。", "年终奖于次年 1 月随工资发放。"),
        ("（三）年终奖于次年 1 月随工资发放。", "年终奖于次年 1 月随工资发放。"),
        (
            "1. 年终奖于次年 1 月发放。\n2. 工资每月发放。",
            "1. 年终奖于次年 1 月发放。\n2. 工资每月发放。",
        ),
        ("二、三号楼的员工年终奖于次年 1 月发放。", "二、三号楼的员工年终奖于次年 1 月发放。"),
        ("12.5 万元的年终奖于次年 1 月发放。", "12.5 万元的年终奖于次年 1 月发放。"),
    ],
)
def test_the_number_of_an_item_that_was_copied_along_is_left_out(written: str, shown: str) -> None:
    source = [passage("2. 年终奖于次年 1 月随工资发放。")]
    quoter = Quoter(source, "奖金什么时候给？")
    assert quoter.feed(written) + quoter.finish() == shown


BOARD = passage("晚餐补助每餐三十五元。\n\n宿舍不收押金。")


@pytest.mark.parametrize(
    ("question", "said", "answer"),
    [
        ("晚餐补多少？", "三十元", "晚餐补助每餐三十五元。"),  # no source has that sum
        ("一共有几间宿舍？", "12间", ""),  # nor anything like it
        ("晚餐补多少？", "35 元", "35 元"),
    ],
)
def test_a_number_that_nobody_wrote_is_not_told(question: str, said: str, answer: str) -> None:
    quoter = Quoter([BOARD], question)
    assert quoter.feed(said) + quoter.finish() == answer


def test_the_question_said_again_in_front_of_the_answer_is_left_out() -> None:
    quoter = Quoter([BOARD], "晚餐补多少？")
    assert quoter.feed("晚餐补多少？") == ""
    assert quoter.feed("每餐三十五元") + quoter.finish() == "每餐三十五元"


def test_a_line_above_a_table_is_no_answer() -> None:
    table = passage("仓位一览\n\n| 库 | 负责人 |\n| 甲 | 林一 |\n| 乙 | 何二 |")
    quoter = Quoter([table], "何二管哪一库？")
    assert quoter.feed("仓位一览") + quoter.finish() == "乙（何二，负责人）"


def test_a_marker_behind_a_name_with_underscores_stands_apart() -> None:
    source = passage("夹具 F_20_A 已换成 F_20_B，旧的报废。")
    reader = ExtractiveReader([source], "夹具换成了哪一个？", {})
    assert reader.feed("F_20_B") + reader.finish() == "F_20_B [1]"


@pytest.mark.parametrize(
    ("question", "written", "shown"),
    [
        ("公司的总负债是多少？", "30亿元", "公司的总负债为10亿元人民币。[1]"),
        ("公司的总资产是多少？", "30亿元", "30亿元[1]"),
        ("公司的总负债是多少？", "总负债为30亿元", "总负债为30亿元"),  # says of what it is
    ],
)
def test_a_bare_number_of_something_else_gives_way_to_the_sentence_asked_for(
    question: str, written: str, shown: str
) -> None:
    report = passage("公司的总资产为30亿元人民币。公司的总负债为10亿元人民币。")
    reader = ExtractiveReader([report], question, {})
    assert "".join(map(reader.feed, written)) + reader.finish() == shown


@pytest.mark.parametrize(
    ("question", "said", "source", "bare", "tuned"),
    [
        (
            "培训中心是否设在二号楼？",
            "是。",
            HALL,
            "培训中心设在二号楼，简称培心。[1]",
            "是：培训中心设在二号楼，简称培心。[1]",
        ),
        (
            "Is the throttle checked every quarter?",
            "Yes",
            MANUAL,
            "is checked every quarter.[1]",
            "Yes: is checked every quarter.[1]",
        ),
    ],
)
def test_yes_and_no_are_shown_where_a_tuned_model_says_them(
    question: str, said: str, source: Passage, bare: str, tuned: str
) -> None:
    for expected, by_adapter in ((bare, False), (tuned, True)):
        reader = ExtractiveReader([source], question, {})
        assert reader.feed(said) + reader.finish(tuned=by_adapter) == expected

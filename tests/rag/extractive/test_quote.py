"""An answer that says nothing beyond its question is replaced by the source's own words, and one
that stops too soon is completed from it."""

import pytest

from app.rag.extractive.complete import rest_of, start_of
from app.rag.extractive.quote import Quoter, quotation
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


TEAMS = passage(
    "他曾效力于太平洋联盟西武狮、福冈大荣鹰队，2008年任教练（兼任领队、球探），后退休。"
)


@pytest.mark.parametrize(
    ("answer", "rest"),
    [
        ("他曾效力于太平洋联盟西武狮", "、福冈大荣鹰队"),
        ("2008年任教练（兼任领队", "、球探）"),
        ("兼任领队", "、球探"),
        ("2008年任教练（兼任领队、球探", "）"),
        ("他曾效力于太平洋联盟西武狮、福冈大荣鹰队", ""),
        ("他效力过太平洋联盟西武狮", "、福冈大荣鹰队"),
        ("是在2008", "年"),
        ("2008 ", "年"),
        ("他曾效力于别的球队、太平洋", ""),
        ("队", ""),
    ],
)
def test_an_answer_that_stops_within_a_list_or_a_bracket_goes_on(answer: str, rest: str) -> None:
    assert rest_of(answer, [HALL, TEAMS]) == rest


def test_a_few_last_characters_that_stand_elsewhere_complete_nothing() -> None:
    firms = passage("由甲乙丙丁有限公司、西部水务有限公司承建。")
    assert rest_of("华东电力有限公司", [firms]) == ""
    assert rest_of("甲乙丙丁有限公司", [firms]) == "、西部水务有限公司承建"


@pytest.mark.parametrize(
    ("answer", "unit"), [("共15", "人"), ("15", "人"), ("在2008", ""), ("5", ""), ("7", "")]
)
def test_a_number_has_its_unit_where_there_is_only_one(answer: str, unit: str) -> None:
    staff = passage("2008年有15人，面积2008亩，编号7。")
    assert rest_of(answer, [staff]) == unit


def test_what_is_completed_comes_last() -> None:
    pieces = ["太平洋联盟西武", "狮"]
    assert shown("他曾效力于哪些队？", pieces, source=TEAMS) == [*pieces, "、福冈大荣鹰队"]


FISH = passage(
    "银汉鱼为辐鳍鱼纲银汉鱼目银汉鱼科的一种。氨碱法由比利时人索尔维发明。\n"
    "| 城市 | 标准 |\n| 北京 | 600元 |\n- 打印机：二楼，归行政部管理，另由行政部采购。"
)


@pytest.mark.parametrize(
    ("answer", "question", "start"),
    [
        ("银汉鱼目银汉鱼科", "它是什么科？", "辐鳍鱼纲"),
        ("索尔维", "氨碱法由谁发明？", "比利时人"),
        ("索尔维", "氨碱法由比利时的谁发明？", ""),  # begins with the question's words
        ("比利时人索尔维", "氨碱法由谁发明？", ""),
        ("600元", "北京的标准是多少？", ""),
        ("印机", "什么归行政部管理？", ""),  # one character before it is no phrase
        ("行政部", "打印机归谁管理？", ""),  # in two phrases
        ("诺贝尔", "氨碱法由谁发明？", ""),
        ("维", "氨碱法由谁发明？", ""),
        ("索尔维", "Who found it?", ""),
    ],
)
def test_an_answer_that_begins_within_a_phrase_begins_with_it(
    answer: str, question: str, start: str
) -> None:
    assert start_of(answer, [FISH], question) == start


def test_a_phrase_of_many_characters_is_not_put_in_front() -> None:
    long = passage(f"{'甲' * 40}索尔维发明。")
    assert start_of("索尔维", [long], "氨碱法由谁发明？") == ""


def test_the_phrase_comes_before_the_first_words_that_are_shown() -> None:
    assert shown("氨碱法由谁发明？", ["索尔", "维", "发明。", "是"], source=FISH) == [
        "",
        "",
        "比利时人索尔维发明。",
        "是",
        "",
    ]


def test_a_bracket_that_closes_far_away_is_left_open() -> None:
    far = passage("主任（" + "某" * 200 + "）到任。")
    assert rest_of("现任主任（某某", [far]) == ""


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

from dataclasses import replace

import pytest

from app.rag.types import Answer, Citation, Passage
from evals.metrics.abstention import Asked, abstention, roc
from evals.metrics.citations import check_citations, cited_gold, refuses, supports
from evals.metrics.evidence import evidence_recall, shared_grams
from evals.quality.ways import Ranking


def passage(text: str, title: str = "") -> Passage:
    return Passage(1, "d", "d.md", "b", 0, text, 0, len(text), title=title)


def test_evidence_is_contained_from_80_percent_of_its_4_grams_on() -> None:
    sentence = "0123456789ABC"  # ten 4-grams
    assert evidence_recall([sentence], ["0123456789A--"]) == 1  # eight of them
    assert evidence_recall([sentence], ["0123456789---"]) == 0  # seven


def test_evidence_may_lie_in_several_texts_and_white_space_does_not_count() -> None:
    texts = ["公司  计划将可持续\n发展纳入战略。", "unrelated"]
    evidence = ["公司计划将可持续发展纳入战略。", "另一句没有给出的话在这里。"]
    assert evidence_recall(evidence, texts) == 0.5


def test_evidence_shorter_than_a_gram_counts_where_it_stands_alone() -> None:
    assert evidence_recall(["三月"], ["三月"]) == 1
    assert evidence_recall(["三月"], ["四月的事"]) == 0


def test_what_is_handed_over_stays_within_the_budget() -> None:
    first = passage("一二三四五")
    second = replace(passage("六七八九十"), chunk_id=2, document_id="e")
    around = {("d", 0): first, ("e", 0): second}
    ranking = Ranking([first, second], around)
    assert ranking.within(10) == ["一二三四五", "六七八九十"]
    assert ranking.within(9) == ["一二三四五"]
    assert ranking.within(3) == ["一二三"]
    assert ranking.first(1) == ["一二三四五"]


def test_a_text_inside_another_shares_all_of_it() -> None:
    assert shared_grams("年假为每年十五天", "按规定，年假为每年十五天，可以结转。") == 1
    assert shared_grams("年假为每年十五天", "出差住宿每晚不超过四百五十元。") == 0


def test_a_sentence_is_supported_by_its_words_and_all_its_numbers() -> None:
    source = [passage("员工每年有15天带薪年假，须提前一周申请。", title="休假制度")]
    assert supports("员工每年有15天年假。", source)
    assert supports("根据休假制度，须提前一周申请", source)
    assert not supports("员工每年有20天年假。", source)  # another number
    assert not supports("公司为员工提供免费早餐和班车。", source)
    assert supports("It draws 1,200 watts", [passage("The gateway draws 1200 watts.")])


def test_precision_and_recall_of_an_answer() -> None:
    sources = [passage("年假为每年15天。"), passage("出差住宿每晚不超过450元。")]
    answer = "年假为每年15天[1]。出差住宿每晚不超过450元[1]。申请须提前两周提出。见附件[7]。"
    checked = check_citations(answer, sources)
    assert (checked.statements, checked.cited, checked.supported, checked.nowhere) == (4, 2, 1, 1)
    assert checked.scores() == {
        "citation_precision": 0.5,
        "citation_recall": 0.5,
        "markers_nowhere": 1,
    }


def test_several_markers_support_together() -> None:
    sources = [passage("甲公司2019年收入为12亿元。"), passage("乙公司2019年收入为9亿元。")]
    checked = check_citations("甲公司收入12亿元，乙公司收入9亿元[1][2]。", sources)
    assert (checked.cited, checked.supported) == (1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("资料中没有找到相关内容。", True),
        ("The sources do not contain the answer.", True),
        ("没有参加战争的国家是瑞士。", False),
        ("Nothing in the knowledge bases matches this question.", False),
        ("It was founded in 1876.", False),
        ("对不起，我不知道。", True),
        ("I do not know.", True),
        ("It was not a hit then and is known as Blue.", False),
    ],
)
def test_saying_that_nothing_was_found(text: str, expected: bool) -> None:
    assert refuses(text) is expected


def test_abstention_from_known_decisions() -> None:
    asked = [
        Asked("answered", 0.9, False),
        Asked("answered", 0.8, False, held_out=True),
        Asked("answered", 0.3, True),
        Asked("foreign", 0.4, False),
        Asked("foreign", 0.1, True),
        Asked("near", 0.85, False, held_out=True),
    ]
    found = abstention(asked)
    # of 6 pairs, 5 have the answerable question ahead: all but (0.3, 0.4)
    assert found["auc_foreign"] == pytest.approx(5 / 6)
    assert found["auc_near"] == pytest.approx(1 / 3)
    assert found["false_refusal"] == pytest.approx(1 / 3)
    assert (found["refused_foreign"], found["refused_near"]) == (0.5, 0)
    assert found["foreign@6%"] == 0.5  # threshold 0.3 refuses 0.1 only
    assert (found["held_out.false_refusal"], found["held_out.auc_near"]) == (0, 0)
    assert "held_out.auc_foreign" not in found


def test_the_curve_goes_from_corner_to_corner() -> None:
    wrongly, rightly = roc([Asked("answered", 0.9, False), Asked("near", 0.2, False)])
    assert (wrongly[0], rightly[0], wrongly[-1], rightly[-1]) == (0, 0, 1, 1)


def test_abstention_without_one_sort_leaves_out_what_is_undefined() -> None:
    assert abstention([Asked("answered", 0.5, False)]) == {"false_refusal": 0}


def test_highlighted_words_are_told_from_their_passage() -> None:
    source = passage("年假为十五天。病假为十天。")
    cited = Citation(1, 1, "d1", "a.md", None, 7, 13, "病假为十天。")
    answer = Answer("病假十天。", (cited,), (source,), "m", "stop")
    assert cited_gold(answer, ["十天"]) == {"words_hold": 1, "passages_hold": 1}
    assert cited_gold(answer, ["十五天"]) == {"words_hold": 0, "passages_hold": 1}
    assert cited_gold(answer, ["三十天"]) == {}  # no passage has it

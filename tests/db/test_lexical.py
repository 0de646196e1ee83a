import math
import random
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.db import lexical
from app.db.engine import Database
from app.db.lexical_terms import MIN_POSTINGS, rarest, without_covered
from ingest.terms import query_terms, terms
from tests.db.reading import bytes_read, rows_read

TEXTS = {
    1: "公司章程规定，股东大会每年召开一次，由董事会召集。",
    2: "员工的年假按工龄计算：满一年五天，满十年十天。",
    3: "报销差旅费需要提交发票和审批单，财务在五个工作日内付款。",
    4: "The warranty covers parts and labour for 24 months after delivery.",
    5: "差旅费、差旅费、差旅费：标准见附件。",
}


@pytest.fixture
def filled(db: Database) -> Database:
    with db.write() as session:
        lexical.add(session, "a", [(i, TEXTS[i]) for i in (1, 2, 3)])
        lexical.add(session, "b", [(i, TEXTS[i]) for i in (4, 5)])
    return db


def found(db: Database, query: str, bases: list[str], k: int = 10) -> list[int]:
    with db.read() as session:
        return [match.id for match in lexical.search(session, query, k, bases)]


def test_scores_do_not_sink_with_what_was_deleted_before(filled: Database) -> None:
    """A base whose files change every week is searched as one that never changed."""

    def share() -> float:
        with filled.read() as session:
            return lexical.search(session, "员工的年假怎么计算", 1, ["a", "b"])[0].score

    before = share()
    assert 0 < before <= 1
    later = range(1000, 1200)
    with filled.write() as session:
        lexical.add(session, "a", [(id_, "早已删除的内容") for id_ in later])
        lexical.remove(session, list(later)[:-1])
        lexical.add(session, "a", [(5000, TEXTS[1])])
        lexical.remove(session, [later[-1], 5000])
        lexical.remove(session, [2])
        lexical.add(session, "a", [(6000, TEXTS[2])])
    assert share() == pytest.approx(before, rel=1e-3)


def test_what_is_left_out_takes_no_place(filled: Database) -> None:
    with filled.read() as session:
        every = lexical.search(session, "差旅费的标准", 10, ["a", "b"])
        left = lexical.search(session, "差旅费的标准", 1, ["a", "b"], {every[0].id})
    assert len(every) > 1
    assert left == every[1:2]


def test_finds_chinese_and_english(filled: Database) -> None:
    assert found(filled, "年假怎么计算？", ["a", "b"])[0] == 2
    assert found(filled, "股东大会由谁召集", ["a", "b"])[0] == 1
    assert found(filled, "How long is the WARRANTY?", ["a", "b"])[0] == 4


def test_bases_are_kept_apart(filled: Database) -> None:
    assert set(found(filled, "差旅费", ["a", "b"])) == {3, 5}
    assert found(filled, "差旅费", ["a"]) == [3]
    assert found(filled, "差旅费", ["b"]) == [5]
    assert found(filled, "差旅费", []) == []
    assert found(filled, "差旅费", ["c"]) == []


def test_a_base_is_not_a_word(filled: Database) -> None:
    with filled.write() as session:
        lexical.add(session, "warranty", [(9, "另一份文件")])
    assert found(filled, "warranty", ["warranty", "b"]) == [4]


def test_scores_fall_and_are_never_negative(filled: Database) -> None:
    with filled.read() as session:
        matches = lexical.search(session, "差旅费的报销标准", 10, ["a", "b"])
    scores = [match.score for match in matches]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0
    assert len({match.id for match in matches}) == len(matches) > 1


def test_a_rare_term_counts_more_than_a_common_one(db: Database) -> None:
    rows = [(i, "合同条款说明") for i in range(1, 30)] + [(30, "罕见事项"), (31, "合同范本")]
    with db.write() as session:
        lexical.add(session, "a", rows)
    assert found(db, "罕见的合同", ["a"])[0] == 30


def test_ties_go_to_the_smaller_id(db: Database) -> None:
    with db.write() as session:
        lexical.add(session, "a", [(i, "完全相同的一段话") for i in (7, 3, 5)])
    assert found(db, "相同的一段", ["a"]) == [3, 5, 7]
    assert found(db, "相同的一段", ["a"], k=2) == [3, 5]
    assert found(db, "相同的一段", ["a"], k=0) == []


@pytest.mark.parametrize("query", ["", "   ", "？！，。", "量子纠缠", "zzz", "\x00"])
def test_unknown_terms_find_nothing(filled: Database, query: str) -> None:
    assert found(filled, query, ["a", "b"]) == []


def test_removed_chunks_are_gone(filled: Database) -> None:
    with filled.write() as session:
        lexical.remove(session, [3, 99])
        lexical.remove(session, [])
    assert found(filled, "差旅费", ["a", "b"]) == [5]
    with filled.write() as session:
        lexical.add(session, "a", [(3, "又一段差旅费说明")])
    assert set(found(filled, "差旅费", ["a", "b"])) == {3, 5}


def test_follows_the_transaction(filled: Database) -> None:
    with pytest.raises(RuntimeError), filled.write() as session:
        lexical.add(session, "a", [(8, "差旅费补充规定")])
        lexical.remove(session, [3])
        assert {m.id for m in lexical.search(session, "差旅费", 9, ["a"])} == {8}
        raise RuntimeError
    assert found(filled, "差旅费", ["a"]) == [3]


HOSTILE = [
    '" OR base : "b',
    "'; DROP TABLE chunk_terms; --",
    "差旅费') OR 1=1 --",
    "NEAR(差旅 费) AND NOT *",
    "{base} : b ^差旅 + 费*",
    "a & !b | (c <-> d):*",
    "\\' :A \\\\",
    "差旅费\x00报销",
    "𠮷野家 \ud83d\ude00 👩‍👩‍👧",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_queries_are_words_only(filled: Database, query: str) -> None:
    query = query.encode("utf-16", "surrogatepass").decode("utf-16")
    assert set(found(filled, query, ["a"])) <= {1, 2, 3}
    with filled.read() as session:
        assert session.connection().scalar(text("SELECT count(*) FROM chunk_terms")) == 5


def test_hostile_base_ids_and_texts(filled: Database) -> None:
    with filled.write() as session:
        lexical.add(session, 'x" OR "a', [(20 + i, query) for i, query in enumerate(HOSTILE[:7])])
    assert set(found(filled, "差旅费", ['x" OR "a'])) <= set(range(20, 27))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60))
def test_no_query_fails(filled: Database, query: str) -> None:
    assert set(found(filled, query, ["a"])) <= {1, 2, 3}


def test_a_very_long_query(filled: Database) -> None:
    query = "".join(chr(0x4E00 + i) for i in range(3000))
    assert 2 in found(filled, "年假" + query, ["a"])


def test_large_indexes_use_rare_terms_first(db: Database) -> None:
    common = "我们的规定和说明"
    with db.write() as session:
        lexical.add(session, "a", [(i, common) for i in range(1, 1600)])
        lexical.add(session, "a", [(1600, "猫粮采购" + common)])
    assert found(db, "我们的猫粮", ["a"], k=1) == [1600]
    assert found(db, "猫", ["a"], k=5) == [1600]


def test_shares_stay_within_their_scale(db: Database) -> None:
    with db.write() as session:
        lexical.add(session, "a", [(i, f"第{i}条规定说明") for i in range(1, 60)])
        lexical.add(session, "a", [(60, "猫粮采购说明 " * 9)])
    with db.read() as session:
        matches = lexical.search(session, "猫粮采购", 9, ["a"])
    assert [match.id for match in matches] == [60]
    # near the most that BM25 could give, and never beyond
    assert 0.5 < matches[0].score <= 1


def test_single_characters_inside_pairs_are_left_out() -> None:
    assert without_covered(["年", "假", "年假", "猫", "tea"]) == ["年假", "猫", "tea"]
    assert without_covered(["猫"]) == ["猫"]


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 10**6)), st.integers(0, 10**6))
def test_rarest_keeps_to_its_budget(frequencies: dict[str, int], chunks: int) -> None:
    chosen = rarest(frequencies, chunks)
    known = [term for term, count in frequencies.items() if count]
    assert bool(chosen) == bool(known)
    assert set(chosen) <= set(known)
    total = sum(frequencies[term] for term in chosen)
    assert len(chosen) <= 1 or total <= max(MIN_POSTINGS, chunks // 5)


QUERY = "员工的年假怎么计算"
# Of the same words as TEXTS, so that only the bases tell them apart.
ELSEWHERE = [TEXTS[1 + n % 5] + f"第{n}号附件，员工年假另行规定。" for n in range(1000)]


def scores(db: Database, query: str, bases: list[str]) -> dict[int, float]:
    with db.read() as session:
        return {match.id: match.score for match in lexical.search(session, query, 50, bases)}


@pytest.mark.parametrize("bases", [["a"], ["a", "b"]])
def test_a_base_that_is_not_searched_changes_no_score(filled: Database, bases: list[str]) -> None:
    before = scores(filled, QUERY, bases)
    assert before
    with filled.write() as session:
        lexical.add(session, "elsewhere", [(100 + n, each) for n, each in enumerate(ELSEWHERE)])
    assert scores(filled, QUERY, bases) == before


def test_what_is_removed_changes_no_score_afterwards(filled: Database) -> None:
    before = scores(filled, QUERY, ["a"])
    with filled.write() as session:
        lexical.add(session, "a", [(100 + n, each) for n, each in enumerate(ELSEWHERE)])
    assert scores(filled, QUERY, ["a"]) != before
    with filled.write() as session:
        lexical.remove(session, range(100, 100 + len(ELSEWHERE)))
    assert scores(filled, QUERY, ["a"]) == before


def test_counts_that_were_never_committed_are_not_kept(filled: Database) -> None:
    before = scores(filled, QUERY, ["a"])
    with pytest.raises(RuntimeError), filled.write() as session:
        lexical.add(session, "a", [(100 + n, each) for n, each in enumerate(ELSEWHERE)])
        assert lexical.search(session, QUERY, 50, ["a"])
        raise RuntimeError
    with filled.write() as session:  # the same number of changes, with another content
        lexical.add(session, "a", [(7, "另一份文件")])
    with filled.write() as session:
        lexical.remove(session, [7])
    assert scores(filled, QUERY, ["a"]) == pytest.approx(before)


def test_a_base_that_was_emptied_is_counted_anew(filled: Database) -> None:
    before = scores(filled, QUERY, ["a"])
    with filled.write() as session:
        lexical.remove(session, [1, 2, 3])
    assert scores(filled, QUERY, ["a"]) == {}
    with filled.write() as session:
        lexical.add(session, "a", [(i, TEXTS[i]) for i in (1, 2, 3)])
    assert scores(filled, QUERY, ["a"]) == before


WORDS = ["年假", "报销", "差旅", "发票", "warranty", "delivery", "parts", "十天", "财务", "合同"]


def written(seed: int, chunks: int) -> dict[int, str]:
    """Chunks of common and rare words, some of them repeated."""
    choose = random.Random(seed)
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    return {
        seed * 1000 + n: " ".join(choose.choices(WORDS, weights, k=choose.randint(3, 30)))
        for n in range(chunks)
    }


def by_definition(query: str, chunks: Mapping[int, str]) -> dict[int, float]:
    """BM25 with k1 = 1.2 and b = 0.75 as a share of what it could give; how often a term occurs
    counts up to the power of two below it, and to eight."""
    counts = {id_: Counter(terms(chunk)) for id_, chunk in chunks.items()}
    average = sum(sum(each.values()) for each in counts.values()) / len(chunks)
    total: dict[int, float] = dict.fromkeys(chunks, 0.0)
    whole = 0.0
    for term in query_terms(query):
        having = [id_ for id_, each in counts.items() if each[term]]
        idf = math.log((len(chunks) - len(having) + 0.5) / (len(having) + 0.5))
        whole += max(idf, 1e-6)
        for id_ in having:
            often = 2 ** min(int(math.log2(counts[id_][term])), 3)
            k = 1.2 * (0.25 + 0.75 * sum(counts[id_].values()) / average)
            total[id_] += max(idf, 1e-6) * often / (often + k)
    return {id_: score / whole for id_, score in total.items() if score}


@pytest.mark.parametrize("bases", [["a"], ["b"], ["a", "b"]])
@pytest.mark.parametrize("query", ["年假 warranty", "报销发票的合同", "财务十天 parts 猫"])
def test_both_databases_score_by_definition(db: Database, bases: list[str], query: str) -> None:
    chunks = {"a": written(1, 40), "b": written(2, 25), "c": written(3, 60)}
    with db.write() as session:
        for base, rows in chunks.items():
            lexical.add(session, base, list(rows.items()))
    searched = {id_: chunk for base in bases for id_, chunk in chunks[base].items()}
    expected = by_definition(query, searched)
    found = scores(db, query, bases)
    assert found == pytest.approx({id_: expected[id_] for id_ in found}, abs=1e-9)
    best = sorted(expected, key=lambda id_: (-round(expected[id_], 9), id_))[:50]
    assert list(found) == best


def test_a_search_reads_the_searched_bases_only(db: Database) -> None:
    """Counted are the rows that PostgreSQL reads and the bytes that SQLite reads of its file."""
    reads = rows_read if db.dialect == "postgresql" else bytes_read

    def cost() -> int:
        with reads(db) as counted:
            assert found(db, QUERY, ["a"], k=3)
        return counted()

    with db.write() as session:
        lexical.add(session, "a", [(n, each) for n, each in enumerate(ELSEWHERE[:50])])
    before = cost()
    for part in range(8):
        with db.write() as session:
            lexical.add(
                session,
                "elsewhere",
                [(1000 * (part + 1) + n, each) for n, each in enumerate(ELSEWHERE)],
            )

    assert cost() < 3 * before

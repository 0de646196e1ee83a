"""Which questions are searched along with the one before them."""

import pytest

from app.rag.retrieval.follow_up import leans


@pytest.mark.parametrize(
    "question",
    [
        "那病假呢？",
        "HG-200L 呢？",
        "那二类城市的伙食补贴是多少？",
        "需要提前几个工作日提出申请？",
        "员工在试用期内可以申请它吗？",
        "这个标准从什么时候开始施行？",
        "要多久？",
        "And a steady red one?",
        "How long does it last on battery?",
        "Why?",
    ],
)
def test_what_leans_on_the_question_before(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "HG-200 的备用电池能用多久？",
        "密码至少要多少个字符？",
        "公司的股票代码是什么？",
        "去上海出差，普通员工住酒店每晚最多能报销多少钱？",
        "What does a blinking red CLOUD light mean?",
        "Where is customer data stored in China?",
    ],
)
def test_what_stands_alone(question: str) -> None:
    assert not leans(question)

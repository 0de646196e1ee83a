"""The answer to a Chinese question begins with the question's own words."""

import pytest

from app.rag.extractive.opening import opening


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("柴郡的东北方是哪个郡？", "柴郡的东北方是"),
        ("请问，HG-200的额定电压是多少？", "HG-200的额定电压是"),
        ("刘禅继位后，向宠担任什么官职？", "刘禅继位后，向宠担任"),
        ("这种庙宇被称为什么？", "这种庙宇被称为"),
        ("他总共攻入了几球？", "他总共攻入了"),
        ("近几天什么帮派最大？", "近几天"),
        ("月代的发型是怎么样的？", ""),
        ("桥为什么会被鉴定为危桥？", ""),
        ("如何申请年假？", ""),
        ("雄鹿的鹿角有什么特点？", ""),
        ("公司有哪些福利？", ""),
        ("越战狂想曲何时在英国出版？", ""),
        ("哪一年进驻？", ""),
        ("谁负责夜班？", ""),
        ("我去年入职。年假有几天？", "年假有"),
        ("年假有几天？病假有几天？", ""),
        ("年假有几天，病假有几天？", ""),
        (f"{'他说' * 40}的是什么？", ""),
        ("保修期多长？", ""),
        ("HG-200多少钱？", ""),
        ("Python 谁发明的？", ""),
        ("出差住宿标准", ""),
        ("那病假呢？", ""),
        ("How many days of leave are there?", ""),
        ("", ""),
    ],
)
def test_the_words_before_the_interrogative(question: str, words: str) -> None:
    assert opening(question) == words

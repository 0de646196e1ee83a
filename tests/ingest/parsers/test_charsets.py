"""Short texts in legacy encodings, measured on this project's own Chinese."""

import io
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from opencc import OpenCC

from ingest.parsers import parse
from ingest.parsing.decode import decode
from ingest.parsing.mail_header import header_text

ROOT = Path(__file__).parents[3]


@cache
def runs() -> list[str]:
    """Runs of Chinese in the documents, the words of the interface and the samples."""
    files: Iterator[Path] = (
        path
        for pattern in ("*.md", "docs/**/*.md", "ui/words/*.toml", "app/samples/*")
        for path in ROOT.glob(pattern)
        if path.suffix in (".md", ".toml", ".txt", ".csv", ".html")
    )
    text = "\n".join(path.read_text() for path in files)
    return sorted(set(re.findall("[\u4e00-\u9fff]+", text)))


def pieces(length: int) -> list[str]:
    """All of them: a sample would change with each word that the interface gets."""
    return sorted({run[i : i + length] for run in runs() for i in range(len(run) - length + 1)})


def misread(texts: list[str], encoding: str) -> list[str]:
    return [text for text in texts if decode(text.encode(encoding), "a.txt") != text]


@pytest.mark.parametrize(("length", "share"), [(2, 0.01), (4, 0.001), (8, 0.0), (16, 0.0)])
def test_short_chinese_is_gbk(length: int, share: float) -> None:
    texts = pieces(length)
    assert len(misread(texts, "gbk")) <= share * len(texts)


@pytest.mark.parametrize(("length", "share"), [(4, 0.01), (6, 0.005), (10, 0.0)])
def test_short_traditional_chinese_in_big5_is_not_hurt(length: int, share: float) -> None:
    traditional = OpenCC("s2twp").convert("\n".join(pieces(length))).split("\n")
    encodable = [
        text for text in traditional if text == text.encode("big5", "ignore").decode("big5")
    ]
    assert len(encodable) > 100
    assert len(misread(encodable, "big5")) <= share * len(encodable)


JAPANESE = [
    "作業手順を確認してください",
    "保管場所は第二倉庫です。",
    "エアフィルターの清掃",
    "設備の点検は毎週行うこと。",
    "カバーを外す前に電源を切る",
]


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp"])
def test_japanese_is_not_hurt(encoding: str) -> None:
    assert misread(JAPANESE, encoding) == []


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Maßstab für Kühlräume: größer", "cp1252"),
        ("à côté du réservoir", "cp1252"),
        ("Tank 3: 18 °C, Rücklauf 12 °C", "cp1252"),
        ("Журнал осмотра насосов", "cp1251"),
        ("안전 점검 기록을 남기고 서명한다", "euc_kr"),
    ],
)
def test_others_are_not_taken_for_chinese(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "a.txt") == text


def test_a_line_in_gbk_among_many_others() -> None:
    before, odd, after = "10:02 pump on\n" * 400, "10:03 阀门未关严\n", "10:04 泵停\n" * 80
    assert decode((before + odd).encode("gbk"), "a.log") == before + odd
    data = before.encode() + odd.encode("gbk") + after.encode()
    assert decode(data, "a.log") == before + odd + after


def test_damaged_utf8_stays_utf8() -> None:
    lines = ["滤芯每季更换", "管路无渗漏", "Überdruck geprüft"]
    for line in lines:
        damaged = (line * 3).encode() + b"\xe6\xbb"
        assert decode("\n".join(lines).encode() + b"\n" + damaged, "a.txt").count(line) == 4


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?gb2312?B?y6LBsg==?= plan", "刷敛 plan"),
        ("=?utf-8?Q?=E6=B3=B5_A?=\r\n =?UTF-8?Q?=20B?=", "泵 A B"),
        ("=?x-nothing?Q?pump?=", "pump"),
        ("no =?words here?", "no =?words here?"),
    ],
)
def test_encoded_words(raw: str, text: str) -> None:
    assert header_text(raw) == text


def test_headers_in_raw_bytes_and_characters_split_over_words() -> None:
    import base64

    subject = "冷却塔清洗安排"
    data = subject.encode("gbk")
    words = [base64.b64encode(part).decode() for part in (data[:5], data[5:])]
    split = "\r\n ".join(f"=?GBK?B?{word}?=" for word in words)
    for written in (data, split.encode()):
        mail = b"Subject: " + written + b"\r\nFrom: " + "设备科".encode("gbk") + b" <a@x.test>\r\n"
        mail += b"Content-Type: text/plain; charset=gbk\r\n\r\n" + "周三进行。".encode("gbk")
        document = parse(mail, "a.eml")
        assert document.title == subject
        assert "From: 设备科 <a@x.test>" in document.text and "周三进行。" in document.text


def message(plain: str, html: str) -> bytes:
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["Subject"] = "对账"
    mail.set_content(plain)
    mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def test_html_is_read_where_the_plain_text_is_a_stub() -> None:
    html = "<p>四月应付 7,310 元，余款于 12 日结清。</p><p>逾期另计。</p>"
    stub = parse(message("Your mail program cannot show this.", html), "a.eml").text
    assert "7,310" in stub and "cannot show" not in stub
    plain = "四月应付 7,310 元，余款于 12 日结清。\n\n逾期另计。\n\n附言：谢谢配合"
    full = parse(message(plain, html), "a.eml").text
    assert "附言" in full and full.count("7,310") == 1


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-8"])
def test_names_of_members_in_the_encoding_of_their_system(encoding: str) -> None:
    names = ["出庫單.txt", "盤點表.txt"] if encoding == "big5" else ["出库单.txt", "盘点表.txt"]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(f"n{number}" + "x" * (len(name.encode(encoding)) - 2), "共三箱。")
    data = stream.getvalue()
    for number, name in enumerate(names):
        raw = name.encode(encoding)
        data = data.replace((f"n{number}" + "x" * (len(raw) - 2)).encode(), raw)
    text = parse(data, "a.zip").text
    assert all(name in text for name in names)


def test_csv_with_a_line_that_names_the_separator() -> None:
    table = 'sep=;\r\n"料号";"说明"\r\n"A-1";"长 2,5 米; 黑色"\r\n"B-2";"短"\r\n'
    for data in (table.encode("gbk"), table.encode("utf-8-sig")):
        text = parse(data, "a.csv").text
        assert "sep" not in text and "长 2,5 米; 黑色" in text and "短" in text


def test_nested_json_keeps_keys_order_and_what_numbers_look_like() -> None:
    data = """{"版本": "3", "系数": 1.10, "班次": ["早", "晚"], "线": [
        {"名": "甲", "泵": [{"号": "P1", "台": 2}, {"号": "P2", "台": 1}]},
        {"名": "乙", "泵": []}]}"""
    text = parse(data.encode(), "a.json").text
    assert "系数: 1.10" in text and "班次: 早, 晚" in text
    order = ["名: 甲", "泵[1].号: P1", "泵[1].台: 2", "泵[2].号: P2", "名: 乙"]
    places = [text.index(line) for line in order]
    assert places == sorted(places)

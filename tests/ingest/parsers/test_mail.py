"""Messages whose text is not where it should be."""

import pytest

from ingest.parsers import parse
from ingest.types import Notice

_HTML = "<p>大巴七点在南门出发，带好证件。</p>"


@pytest.mark.parametrize(
    ("plain", "used"),
    [
        ("您的邮箱不支持 HTML 格式，请更换后查看。", "html"),
        ("This message is in HTML; your client does not support HTML messages.", "html"),
        ("大巴七点在南门出发，带好证件。HTML 版相同。", "plain"),
    ],
)
def test_a_plain_text_that_only_says_that_there_is_html_is_not_the_message(
    plain: str, used: str
) -> None:
    mail = (
        "Subject: trip\nFrom: a@example.com\nMIME-Version: 1.0\n"
        'Content-Type: multipart/alternative; boundary="x"\n\n'
        f"--x\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--x\nContent-Type: text/html; charset=utf-8\n\n{_HTML}\n--x--\n"
    )
    text = parse(mail.encode(), "a.eml").text
    assert "大巴七点" in text
    assert (plain in text) == (used == "plain")


def test_text_behind_an_attachment_is_read() -> None:
    mail = (
        "Subject: two\nFrom: a@example.com\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="x"\n\n'
        "--x\nContent-Type: text/plain; charset=utf-8\n\n见附图。\n"
        "--x\nContent-Type: image/heic\nContent-Disposition: attachment; filename=a.heic\n\n?\n"
        "--x\nContent-Type: text/plain; charset=utf-8\n\n图中左侧为旧阀。\n--x--\n"
    )
    text = parse(mail.encode(), "a.eml").text
    assert text.index("见附图。") < text.index("[a.heic]") < text.index("图中左侧为旧阀。")


def _multipart(kind: str, boundary: str, *parts: str) -> str:
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


def _part(kind: str, content: str, *fields: str) -> str:
    return "\n".join([f"Content-Type: {kind}; charset=utf-8", *fields, "", content])


def _mail(content: str) -> bytes:
    return f"Subject: plan\nFrom: a@example.com\nMIME-Version: 1.0\n{content}".encode()


_PLAIN = _part("text/plain", "见附件。")
_FILE = _part("text/csv", "站,吨\n北,57\n", "Content-Disposition: attachment; filename=t.csv")
_INLINE = _part(
    "text/csv", "站,吨\n北,57\n", "Content-Disposition: inline; filename=t.csv", "Content-ID: <f1>"
)
_SIGNATURE = _part("application/pkcs7-signature", "MIIG", "Content-Disposition: attachment")
_PICTURE = _part("image/png", "?", "Content-ID: <logo>", "Content-Disposition: inline")


@pytest.mark.parametrize(
    "content",
    [
        _multipart(
            "alternative",
            "a",
            _PLAIN,
            _multipart("mixed", "b", _part("text/html", "<p>见附件。</p>"), _FILE),
        ),
        _multipart("signed", "a", _multipart("mixed", "b", _PLAIN, _FILE), _SIGNATURE),
        _multipart(
            "mixed",
            "a",
            _multipart("mixed", "b", _PLAIN, _FILE),
            _part("text/plain", "退订请回复。"),
        ),
        _multipart("mixed", "a", _PLAIN, _INLINE),
        _multipart("related", "a", _part("text/html", "<p>见附件。</p>"), _INLINE, _PICTURE),
        _multipart("mixed", "a", _multipart("report", "b", _PLAIN, _multipart("x", "c", _FILE))),
    ],
    ids=["apple", "signed", "list", "inline", "related", "deep"],
)
def test_files_are_read_wherever_a_message_holds_them(content: str) -> None:
    document = parse(_mail(content), "a.eml")
    assert document.text.count("见附件。") == 1
    assert "| 北 | 57 |" in document.text
    assert ("退订请回复。" in document.text) == ("退订请回复。" in content)
    assert "MIIG" not in document.text and "smime" not in document.text
    pictures = (Notice("pictures", 1),) if "logo" in content else ()
    assert document.notices == pictures


def test_an_appointment_is_read() -> None:
    calendar = (
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nDTSTART:16010101T000000\nEND:VTIMEZONE\nBEGIN:VEVENT\n"
        "SUMMARY:锅炉年检\nDTSTART;TZID=China Standard Time:20270809T140000\n"
        'ORGANIZER;CN="陈静":mailto:c@example.com\nDESCRIPTION:带工作证\\, 走\n  北门\\n限三人\n'
        "LOCATION:二号楼 301\nUID:7F\nBEGIN:VALARM\nDESCRIPTION:REMINDER\nEND:VALARM\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    for where in ("", "Content-Disposition: attachment; filename=invite.ics"):
        fields = [where] if where else []
        content = _multipart("alternative", "a", _PLAIN, _part("text/calendar", calendar, *fields))
        text = parse(_mail(content), "a.eml").text
        assert "锅炉年检" in text and "二号楼 301" in text and "2027-08-09 14:00" in text
        assert "陈静" in text and "带工作证, 走 北门" in text and "限三人" in text
        assert "1601" not in text and "7F" not in text and "REMINDER" not in text


def test_renditions_of_one_text_are_read_once() -> None:
    both = _multipart(
        "alternative",
        "b",
        _part("text/plain", "四号泵停机。"),
        _part("text/html", "<p>四号泵停机。</p>"),
    )
    content = _multipart("mixed", "a", _PLAIN, both, _part("text/html", "<p>见附件。</p>"))
    text = parse(_mail(content), "a.eml").text
    assert text.count("四号泵停机。") == 1 and text.count("见附件。") == 1


def test_reports_of_delivery_and_forwarded_messages_are_read() -> None:
    status = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nStatus: 5.1.1\n"
    inner = "Content-Type: message/rfc822\n\nSubject: 旧信\n\n" + _multipart(
        "mixed", "c", _PLAIN, _FILE
    )
    inner = inner.replace("Subject: 旧信\n\n", "Subject: 旧信\n")
    content = _multipart("report", "a", _part("text/plain", "退信。"), status, inner)
    text = parse(_mail(content), "a.eml").text
    assert "退信。" in text and "Status: 5.1.1" in text and "旧信" in text and "| 北 | 57 |" in text


def test_a_table_is_read_where_the_plain_text_has_only_its_cells() -> None:
    html = (
        "<p>到货：</p><table><tr><td>货<td>吨<td>库</tr><tr><td>石灰<td><td>北</tr>"
        "<tr><td>河沙<td>60<td></tr></table><p>请腾位。</p>"
    )
    plain = "到货：\n\n货\n\n吨\n\n库\n\n石灰\n\n\n\n北\n\n河沙\n\n60\n\n请腾位。"
    both = _multipart("alternative", "b", _part("text/plain", plain), _part("text/html", html))
    assert "| 货 | 吨 | 库 |\n| 石灰 | | 北 |\n| 河沙 | 60 | |" in parse(_mail(both), "a.eml").text
    more = _part("text/plain", plain + "\n\n另：周五盘库，停收一天，司机凭证入场，勿早到。")
    other = _multipart("alternative", "b", more, _part("text/html", html))
    assert "周五盘库" in parse(_mail(other), "a.eml").text


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        (
            "周二。\n\n> 哪天？\n> 一 9\n> 二 10\n> 三 11",
            "<p>周二。</p><blockquote><p>哪天？</p><table><tr><td>一<td>9</tr><tr><td>二<td>10"
            "</tr><tr><td>三<td>11</tr></table></blockquote>",
        ),
        (
            "吊机已修好。\n\n贝雷\n海燕船厂\n电话 12\n四号码头",
            "<p>吊机已修好。</p><table><tr><td>贝雷<td>海燕船厂</tr><tr><td>电话 12<td>四号码头"
            "</tr></table>",
        ),
    ],
    ids=["quoted", "signature"],
)
def test_quoted_tables_and_signatures_are_read_from_the_plain_text(plain: str, html: str) -> None:
    both = _multipart("alternative", "b", _part("text/plain", plain), _part("text/html", html))
    document = parse(_mail(both), "a.eml")
    assert not document.tables
    assert document.text.endswith(plain)


def test_a_table_of_one_row_below_its_head_is_read_as_one() -> None:
    html = "<table><tr><th>Item</th><th>Tons</th><th>Day</th></tr>"
    html += "<tr><td>lime</td><td></td><td>Mon</td></tr></table>"
    plain = "Item\nTons\nDay\nlime\n\nMon\n"
    both = _multipart("alternative", "b", _part("text/plain", plain), _part("text/html", html))
    (table,) = parse(_mail(both), "a.eml").tables
    assert table.head_row_count == 1


def test_a_table_that_a_block_only_sets_in_is_read_as_one() -> None:
    html = "<blockquote><table><tr><th>泵</th><th>转速</th></tr>"
    html += "<tr><td>一号</td><td>1450</td></tr></table></blockquote>"
    plain = "泵\n转速\n一号\n1450\n"
    both = _multipart("alternative", "b", _part("text/plain", plain), _part("text/html", html))
    assert len(parse(_mail(both), "a.eml").tables) == 1

"""One small healthy file of each format, made on the spot."""

from functools import cache

from tests.ingest.files import pdf_file, word_file
from tests.ingest.office_files import (
    RTF,
    SALARIES,
    eml_file,
    epub_file,
    msg_file,
    odt_file,
    pptx_file,
    xls_file,
    xlsx_file,
    zip_file,
)
from tests.ingest.parsers.test_parsers import HTML, MARKDOWN, PAGES
from tests.ingest.pictures import drawn, saved
from tests.ingest.tables.table_files import (
    book_with_hidden_parts,
    docx_table,
    ods_file,
    old_sheet_file,
    pptx_table,
    sheet_file,
    spreadsheetml_file,
)

# A head in two rows, cells merged both ways, empty cells.
_ROWS = [["产品", "夏季", "", "备注"], ["", "进", "出", ""], ["扇", 7, 0.25, ""], ["", 9, "", "旧"]]
_MERGES = [(0, 0, 1, 0), (0, 1, 0, 2), (2, 0, 3, 0)]
_ODS_SHEET = (
    '<table:table table:name="库"><table:table-row><table:table-cell '
    'table:number-columns-spanned="2"><text:p>名称</text:p></table:table-cell>'
    "<table:covered-table-cell/></table:table-row>"
    '<table:table-row table:number-rows-repeated="3"><table:table-cell><text:p>甲</text:p>'
    '</table:table-cell><table:table-cell table:formula="of:=A1"/></table:table-row></table:table>'
)


@cache
def corpus() -> dict[str, bytes]:
    text = "第一章 总则\n\n本合同自签字之日起生效。\nThe term is three years.".encode()
    sheet = xlsx_file({"薪资": SALARIES})
    return {
        "a.txt": text,
        "gbk.txt": text.decode().encode("gb18030"),
        "a.md": MARKDOWN.encode(),
        "a.html": HTML.encode("gb18030"),
        "a.csv": '名称,备注\n甲,"一, 二\n三"\n乙,\n'.encode(),
        "a.tsv": b"a\tb\n1\t2\n",
        "a.json": '{"甲": [1, {"b": "文"}], "c": [{"d": 1, "e": 2}, {"d": 3, "e": 4}]}'.encode(),
        "a.jsonl": b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n',
        "a.pdf": pdf_file(PAGES),
        "a.docx": word_file(title="制度"),
        "a.pptx": pptx_file(),
        "a.xlsx": sheet,
        "a.xls": xls_file({"薪资": SALARIES}),
        "a.odt": odt_file(),
        "a.ods": ods_file(_ODS_SHEET),
        "table.docx": docx_table(_ROWS, _MERGES),
        "table.pptx": pptx_table(_ROWS, _MERGES),
        "table.xlsx": sheet_file(_ROWS, _MERGES, formats={(2, 1): "0.0%", (3, 1): "yyyy-mm-dd"}),
        "hidden.xlsx": book_with_hidden_parts(),
        "format.xls": old_sheet_file(_ROWS, formats={(2, 1): "[h]:mm", (3, 1): '"¥"#,##0.00'}),
        "xml.xls": spreadsheetml_file(),
        "a.epub": epub_file(),
        "a.eml": eml_file({"表.xlsx": sheet}),
        "a.msg": msg_file("停电", "周六停电。", ("a.txt", text)),
        "a.rtf": RTF,
        "a.zip": zip_file({"a.docx": word_file(), "b/c.csv": "a,b\n1,2\n"}),
        **pictures(),
    }


@cache
def pictures() -> dict[str, bytes]:
    """Of one line each: what is recognised takes most of the time."""
    picture = drawn(["年假十天"], width=320)
    kinds = {"png": "PNG", "jpg": "JPEG", "tiff": "TIFF", "webp": "WEBP", "bmp": "BMP"}
    files = {f"a.{suffix}": saved(picture, kind) for suffix, kind in kinds.items()}
    return files | {"scan.pdf": saved(picture, "PDF")}

from pathlib import Path

from ingest.llama_reader import zhiwen_reader
from tests.ingest.files import pdf_file
from tests.ingest.office_files import SALARIES, xlsx_file


def test_llama_index_gets_pages_and_sheets_with_their_places(tmp_path: Path) -> None:
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(pdf_file([[("First page here.", 12)], [("Second page here.", 12)]]))
    pages = zhiwen_reader().load_data(pdf)
    assert [(page.text, page.metadata["page"]) for page in pages] == [
        ("First page here.", 1),
        ("Second page here.", 2),
    ]
    sheet = tmp_path / "b.xlsx"
    sheet.write_bytes(xlsx_file({"薪资": SALARIES}))
    (one,) = zhiwen_reader().load_data(sheet, extra_info={"team": "HR"})
    assert one.metadata["locator"] == "sheet 薪资, rows 1–7" and one.metadata["team"] == "HR"

import io
import socket
from pathlib import Path

import pypdf
import pytest

from tests.application import RunningApi, drain, running_api
from tests.ingest.tables.table_files import book_with_hidden_parts


def upload(api: RunningApi, base_id: str, name: str, data: bytes) -> tuple[int, dict[str, object]]:
    answer = api.http.post(f"/api/bases/{base_id}/documents", files={"file": (name, data)})
    return answer.status_code, answer.json()


def encrypted_pdf() -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_document_goes_from_queued_to_ready_and_can_be_read_back(api: RunningApi) -> None:
    base_id = api.ingest("库", {})
    status, document = upload(api, base_id, "说明.md", "# 说明\n\n保修期为两年。".encode())
    assert (status, document["state"]) == (202, "queued")
    drain(api.application)
    read = api.http.get(f"/api/documents/{document['id']}").json()
    assert (read["state"], read["chunk_count"], read["title"]) == ("ready", 1, "说明")
    chunks = api.http.get(f"/api/documents/{document['id']}/chunks").json()
    text = api.http.get(f"/api/documents/{document['id']}/text").json()
    assert text["text"][chunks[0]["start"] : chunks[0]["end"]] == chunks[0]["text"]
    original = api.http.get(f"/api/documents/{document['id']}/file")
    assert original.content.decode() == "# 说明\n\n保修期为两年。"
    assert "attachment" in original.headers["content-disposition"]
    (job,) = api.http.get("/api/jobs").json()
    assert (job["state"], job["attempts"]) == ("done", 1)
    assert api.http.get(f"/api/jobs/{job['id']}").json() == job


def test_the_same_bytes_twice_are_one_document(api: RunningApi) -> None:
    base_id = api.ingest("库", {"a.txt": "保修期为两年。"})
    status, document = upload(api, base_id, "b.txt", "保修期为两年。".encode())
    assert (status, document["name"], document["state"]) == (200, "a.txt", "ready")
    assert api.http.get(f"/api/bases/{base_id}").json()["document_count"] == 1


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("empty.txt", b"", 422, "empty"),
        ("program.exe", b"MZ", 415, "unsupported_format"),
        ("no-suffix", b"text", 415, "unsupported_format"),
        ("..", b"text", 422, "bad_name"),
    ],
)
def test_uploads_that_are_refused(
    api: RunningApi, name: str, data: bytes, status: int, code: str
) -> None:
    base_id = api.ingest("库", {})
    assert upload(api, base_id, name, data)[0] == status
    assert upload(api, base_id, name, data)[1]["code"] == code
    assert api.http.get(f"/api/bases/{base_id}").json()["document_count"] == 0


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("broken.pdf", b"%PDF-1.7 and then nothing", "broken"),
        ("locked.pdf", encrypted_pdf(), "encrypted"),
        ("broken.docx", b"PK\x03\x04 broken", "broken"),
        ("blank.txt", b"  \n \n", "empty"),
    ],
)
def test_files_that_cannot_be_read_fail_with_a_reason_and_can_be_retried(
    api: RunningApi, name: str, data: bytes, code: str
) -> None:
    base_id = api.ingest("库", {"good.txt": "保修期为两年。", name: data})
    listed = api.http.get(f"/api/bases/{base_id}/documents", params={"state": "failed"}).json()
    (document,) = listed["items"]
    assert (document["name"], document["error_code"]) == (name, code)
    assert len(document["error_detail"]) > 10
    assert api.http.get(f"/api/bases/{base_id}").json()["ready_count"] == 1
    retried = api.http.post(f"/api/documents/{document['id']}/retry")
    assert (retried.status_code, retried.json()["state"]) == (202, "queued")
    assert api.http.post(f"/api/documents/{document['id']}/retry").status_code == 409


def test_folders_in_a_name_are_dropped(api: RunningApi) -> None:
    base_id = api.ingest("库", {})
    _, document = upload(api, base_id, "../../etc/保修.txt", "保修期为两年。".encode())
    assert document["name"] == "保修.txt"
    assert not list(Path(api.application.settings.data_dir).parent.rglob("保修.txt"))


def test_a_file_beyond_the_limit_is_refused_while_it_comes_in(tmp_path: Path) -> None:
    with running_api(tmp_path, max_upload_mib=1) as api:
        base_id = api.ingest("库", {})
        head = (
            f"POST /api/bases/{base_id}/documents HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n"
        )
        part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
        unannounced = f"{head}Transfer-Encoding: chunked\r\n\r\n{len(part):x}\r\n".encode()
        # Neither request is ever finished: the answer comes before the body does.
        for request in (
            unannounced + part + b"\r\n" + chunk * 20,
            f"{head}Content-Length: {2 << 30}\r\n\r\n".encode() + part,
        ):
            with socket.create_connection(("127.0.0.1", api.http.base_url.port or 0)) as connection:
                connection.settimeout(20)
                connection.sendall(request)
                answer = connection.recv(65536).decode()
            assert answer.startswith("HTTP/1.1 413")
        assert not list(api.application.files.folder.rglob("*.part"))
        assert api.http.get(f"/api/bases/{base_id}").json()["document_count"] == 0


def test_deleting_takes_a_document_out_of_search_at_once(api: RunningApi) -> None:
    base_id = api.ingest("库", {"a.txt": "保修期为两年。", "b.txt": "保修期为三年。"})

    def found() -> set[str]:
        answer = api.http.post("/api/search", json={"query": "保修期", "base_ids": [base_id]})
        return {p["document_name"] for p in answer.json()["passages"]}

    assert found() == {"a.txt", "b.txt"}
    items = api.http.get(f"/api/bases/{base_id}/documents", params={"q": "a.t"}).json()["items"]
    assert api.http.delete(f"/api/documents/{items[0]['id']}").status_code == 204
    assert found() == {"b.txt"}
    assert api.http.delete(f"/api/bases/{base_id}").status_code == 204
    assert (
        api.http.post("/api/search", json={"query": "x", "base_ids": [base_id]}).status_code == 404
    )
    assert [p for p in api.application.files.folder.rglob("*") if p.is_file()] == []


def test_a_base_being_read_answers_from_what_is_ready(api: RunningApi) -> None:
    base_id = api.ingest("库", {"a.txt": "保修期为两年。"})
    upload(api, base_id, "b.txt", "保修期为三年。".encode())
    answer = api.http.post("/api/search", json={"query": "保修期", "base_ids": [base_id]})
    assert [p["document_name"] for p in answer.json()["passages"]] == ["a.txt"]


def test_a_document_gives_its_tables_and_what_its_reader_left_out(api: RunningApi) -> None:
    base_id = api.ingest("库", {})
    _, document = upload(api, base_id, "orders.xlsx", book_with_hidden_parts())
    drain(api.application)
    path = f"/api/documents/{document['id']}"
    notices = api.http.get(path).json()["notices"]
    assert {"code": "hidden_sheet", "count": 1, "detail": "Costs"} in notices
    text = api.http.get(f"{path}/text").json()["text"]
    (table,) = api.http.get(f"{path}/tables").json()
    assert (table["sheet"], table["row_count"], table["column_count"]) == ("Shop", 3, 2)
    assert [cell["text"] for cell in table["cells"]][:4] == ["Item", "Price", "cup", "9"]
    assert table["cells"][-1]["sheet_row"] == 4
    assert all(text[cell["start"] : cell["end"]] == cell["text"] for cell in table["cells"])
    at = text.index("cup")
    (part,) = api.http.get(f"{path}/tables", params={"start": at, "end": at + 1}).json()
    assert [cell["text"] for cell in part["cells"]] == ["Item", "Price", "cup", "9"]
    behind = {"start": len(text), "end": len(text) + 9}
    assert api.http.get(f"{path}/tables", params=behind).json() == []
    assert api.http.get("/api/documents/nothing/tables").status_code == 404


def test_documents_come_in_the_order_that_is_asked_for(api: RunningApi) -> None:
    base_id = api.ingest("库", {"b.txt": "二" * 30, "A.txt": "一", "c.txt": "三" * 90})
    orders = {
        "newest": ["c.txt", "A.txt", "b.txt"],
        "oldest": ["b.txt", "A.txt", "c.txt"],
        "name": ["A.txt", "b.txt", "c.txt"],
        "largest": ["c.txt", "b.txt", "A.txt"],
    }
    for order, names in orders.items():
        found = api.http.get(f"/api/bases/{base_id}/documents", params={"sort": order}).json()
        assert [document["name"] for document in found["items"]] == names
    assert api.http.get(f"/api/bases/{base_id}/documents?sort=shoe").status_code == 422

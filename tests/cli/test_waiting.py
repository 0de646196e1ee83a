"""What the shell says of documents that wait."""

import io

from rich.console import Console
from rich.progress import Progress, TextColumn

from app.cli.client import ServiceClient
from app.cli.output.waiting import progress_words, wait_until_read
from tests.application import RunningApi, drain


def queued(api: RunningApi, count: int) -> list[dict[str, object]]:
    """Documents that no worker reads yet, oldest first."""
    base = api.http.post("/api/bases", json={"name": "公司"}).json()
    address = f"/api/bases/{base['id']}/documents"
    files = [{"file": (f"{n}.md", f"# 规程 {n}\n\n每天检查。".encode())} for n in range(count)]
    return [api.http.post(address, files=each).json() for each in files]


def test_a_waiting_document_says_how_many_are_before_it(api: RunningApi) -> None:
    documents = queued(api, 3)
    assert [progress_words(each) for each in documents] == [
        "  waiting 0.md, next in line",
        "  waiting 1.md, 1 before it",
        "  waiting 2.md, 2 before it",
    ]
    listed = api.http.get(f"/api/bases/{documents[0]['base_id']}/documents").json()["items"]
    assert [each["jobs_before"] for each in listed] == [2, 1, 0]  # newest first
    jobs = api.http.get("/api/jobs", params={"kind": "ingest"}).json()
    assert [job["jobs_before"] for job in jobs] == [2, 1, 0]
    assert api.http.get("/api/jobs", params={"kind": "evaluate"}).json() == []

    claim = api.application.jobs.claim("busy")
    assert claim is not None
    api.application.jobs.progress(claim, "parsing", 3, 12)
    read, second, _ = (api.http.get(f"/api/documents/{each['id']}").json() for each in documents)
    assert progress_words(read) == "  parsing 0.md"
    assert progress_words(second) == "  waiting 1.md, 1 before it"


def test_the_next_few_are_shown_and_all_are_waited_for(api: RunningApi) -> None:
    documents = queued(api, 5)
    said = io.StringIO()
    console = Console(file=said, force_terminal=True, width=80)
    with Progress(TextColumn("{task.description}"), console=console) as bars:

        class Client(ServiceClient):
            """Has the documents read once it was asked for all of them."""

            asked = 0

            def get(self, path: str, **params: object) -> object:
                found = super().get(path, **params)
                self.asked += 1
                if self.asked == len(documents):
                    bars.refresh()
                    drain(api.application)
                return found

        wait_until_read(Client(api.url), documents, bars)
    assert [each["state"] for each in documents] == ["ready"] * 5
    assert "waiting 2.md, 2 before it" in said.getvalue()
    assert "3.md" not in said.getvalue()

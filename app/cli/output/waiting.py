"""Waits in the shell until documents are read, and shows how far they are."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.cli.output.console import plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from app.cli.client import ServiceClient

FINISHED = ("ready", "failed", "superseded")

_POLL_S = 0.3
_ASKED_AT_ONCE = 20  # documents are read in about their order: the first unfinished ones say enough
_SHOWN_WAITING = 3


def bars_on_stderr(*, hidden: bool) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        disable=hidden,
    )


def wait_until_read(
    client: "ServiceClient",
    documents: list[dict[str, Any]],
    bars: "Progress",
    check: Callable[[], None] = lambda: None,
) -> None:
    """Poll until all are finished; what is being read, and what is next, has a line of its own.
    `check` may raise at each look."""
    whole = bars.add_task("reading", total=len(documents))
    rows: dict[str, TaskID] = {}
    while True:
        unfinished = [i for i, d in enumerate(documents) if d["state"] not in FINISHED]
        waiting = 0
        for index in unfinished[:_ASKED_AT_ONCE]:
            documents[index] = document = client.get(f"/api/documents/{documents[index]['id']}")
            waiting += document["state"] == "queued"
            _show(document, rows, bars, hidden=waiting > _SHOWN_WAITING)
        done = sum(document["state"] in FINISHED for document in documents)
        bars.update(whole, completed=done)
        if done == len(documents):
            return
        check()
        time.sleep(_POLL_S)


def _show(
    document: dict[str, Any], rows: "dict[str, TaskID]", bars: "Progress", *, hidden: bool
) -> None:
    id_ = document["id"]
    if document["state"] in FINISHED or hidden:
        if id_ in rows:
            bars.remove_task(rows.pop(id_))
        return
    words, total = progress_words(document), document["total"] or None
    if id_ not in rows:
        rows[id_] = bars.add_task(words, total=total)
    bars.update(rows[id_], description=words, completed=document["done"], total=total)


def progress_words(document: dict[str, Any]) -> str:
    """`parsing a.pdf`, or `waiting a.pdf, 3 before it`."""
    state, name, before = document["state"], plain(document["name"]), document["jobs_before"]
    if state != "queued":
        return f"  {state} {name}"
    return f"  waiting {name}, {before} before it" if before else f"  waiting {name}, next in line"

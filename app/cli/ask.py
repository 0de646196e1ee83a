"""`zhiwen ask` and `zhiwen search`."""

import json
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer

from app.cli.errors import CliError
from app.cli.output.console import plain, say, write


class AskTask(StrEnum):
    """Values of `zhiwen ask --task`."""

    QA = "qa"
    CHAT = "chat"
    TRANSLATE = "translate"


Bases = Annotated[
    list[str] | None,
    typer.Option("--kb", help="Knowledge base by name or id; can be repeated. All if omitted."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_DOUBTS = {
    "unsupported": "Not in the sources",
    "contradicted": "Differs from the sources",
}
_ONLY_THOUGHT = "The model reached its limit while it was still thinking. Try: --no-think"
_MESSAGES = {
    "engine_unavailable": "The model engine is unreachable. Search still works; see: zhiwen doctor",
    "engine_busy": "The model engine is busy. Try again in a moment.",
    "engine_stream_broken": "The model engine stopped in the middle of the answer. Try again.",
}


def ask(
    question: str,
    kb: Bases = None,
    task: Annotated[
        AskTask,
        typer.Option("--task", help="qa asks the documents; the others ask only the model."),
    ] = AskTask.QA,
    fresh: Annotated[bool, typer.Option("--fresh", help="Don't use the answer cache.")] = False,
    think: Annotated[
        bool | None,
        typer.Option("--think/--no-think", help="Whether the model thinks first, if it can."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a question: the answer is streamed, then its sources are listed."""
    from app.cli.client import service

    client = service()
    base_ids = client.base_ids(kb or []) if kb or task is AskTask.QA else []
    body = {"question": question, "base_ids": base_ids, "task": task.value, "fresh": fresh}
    body["thinking"] = think
    message: dict[str, Any] | None = None
    streamed = ""
    for name, data in client.chat(body):
        if name == "delta" and not as_json:
            streamed += plain(data["text"])
            write(data["text"])
        elif name == "error":
            _end_line(streamed)
            raise CliError(_error_text(data))
        elif name == "done":
            message = data["message"]
    _end_line(streamed)
    if message is None:
        raise CliError("The answer ended early. Try again.")
    if as_json:
        typer.echo(json.dumps(_as_json(message), ensure_ascii=False, indent=2))
    else:
        _say_about(message)


def _say_about(message: dict[str, Any]) -> None:
    """What belongs to the answer: remarks, sources, doubts."""
    if message["finish_reason"] == "not_stated":
        say(("The documents are about this, but don't seem to state the answer.", "bold"))
    if message["thought"] and not message["content"]:
        say(_ONLY_THOUGHT)
    if message["approved_id"]:
        say(("Approved answer.", "bold"))
    if message["citations"]:
        say()
    for citation in message["citations"]:
        head = f"[{citation['marker']}] {_place(citation)}: "
        say(head, (citation["text"], "dim"))
    for check in message["checks"]:
        if check["verdict"] in _DOUBTS:
            said = " ".join(message["content"][check["start"] : check["end"]].split())
            say((f"{_DOUBTS[check['verdict']]}: ", "bold"), (said, "dim"))


def replay(answer_id: str, as_json: AsJson = False) -> None:
    """Generate a stored answer again and compare the two."""
    from app.cli.client import service

    found = service().post(f"/api/messages/{quote(answer_id, safe='')}/replay", {}, slow=True)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    say(("before", "bold"))
    say(found["before"])
    say()
    say((f"after ({found['model']})", "bold"))
    say(found["after"])
    say()
    say(("Identical." if found["same"] else "Different.", "bold"))
    if found["checks_before"] and not found["same_verdicts"]:
        say((f"Verdicts before: {_counts(found['checks_before'])}", "dim"))
        say((f"Verdicts after: {_counts(found['checks_after'])}", "dim"))
    for note in found["notes"]:
        say((note, "dim"))


def search(
    query: str,
    kb: Bases = None,
    top_k: Annotated[int, typer.Option("--top-k", min=1, max=50)] = 6,
    as_json: AsJson = False,
) -> None:
    """Show what retrieval finds, without an answer."""
    from app.cli.client import service

    client = service()
    body = {"query": query, "base_ids": client.base_ids(kb or []), "top_k": top_k}
    found = client.post("/api/search", body)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for number, passage in enumerate(found["passages"], start=1):
        say((f"{number}. {_place(passage)}", "bold"), f"  {passage['score']:.4f}")
        say((passage["text"].strip(), "dim"))
    if not found["passages"]:
        say("Nothing found.")


def _counts(checks: Sequence[dict[str, Any]]) -> str:
    """`supported 3, unsupported 1`."""
    counts = Counter(check["verdict"] for check in checks)
    counts.pop("no_statement", None)
    return ", ".join(f"{verdict} {count}" for verdict, count in sorted(counts.items())) or "none"


def _error_text(problem: dict[str, Any]) -> str:
    """Our own message first; the engine's details second, since they help few people."""
    words = _MESSAGES.get(problem["code"])
    return f"{words}\n({problem['detail']})" if words else str(problem["detail"])


def _place(passage: dict[str, Any]) -> str:
    page = f", page {passage['page']}" if passage["page"] else ""
    return f"{passage['document_name']}{page}"


def _as_json(message: dict[str, Any]) -> dict[str, Any]:
    citations = [
        {
            "marker": citation["marker"],
            "document": citation["document_name"],
            "page": citation["page"],
            "text": citation["text"],
        }
        for citation in message["citations"]
    ]
    about = ("checks", "id", "model", "task", "prompt_id", "cached_from", "finish_reason")
    keys = (*about, "approved_id", "prompt_tokens", "completion_tokens", "timings_ms")
    more = {key: message[key] for key in keys}
    return {"answer": message["content"], "citations": citations, **more}


def _end_line(streamed: str) -> None:
    if streamed and not streamed.endswith("\n"):
        write("\n")

"""Are verdicts right? Answers with hand-written verdicts (`evals/verdicts`), through the checker.

    python -m evals.quality.verdicts

Prints the share of right verdicts, of the answers that rules were adjusted by and of the others,
whether every text comes out of the answer line unchanged, and how long judging takes.
"""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.llm.scripted import ScriptedChatModel
from app.rag.answer import AnswerLine
from app.rag.events import Question
from app.rag.grounding.check import Checker
from app.rag.prompting.budget import PromptBudget
from app.rag.retrieval.retrieve import Retrieved
from app.rag.types import Answer, Check, Passage, Scope

FOLDER = Path(__file__).parent.parent / "verdicts"
LEAST = 0.95
_MARK = re.compile(r"⟦([scfu])(\d*)⟧")
_PARTS = re.compile(r"^@ (source .+|question|answer)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Expected:
    """A verdict of the statement that ends before `end`."""

    end: int
    kind: str
    sources: frozenset[int]

    def met_by(self, check: Check) -> bool:
        match self.kind:
            case "s" | "c":
                verdict = "supported" if self.kind == "s" else "computed"
                markers = {citation.marker for citation in check.sources}
                return check.verdict == verdict and bool(markers) and markers <= self.sources
            case "f":
                return check.verdict in ("contradicted", "unsupported")
            case _:
                return check.verdict == "unsupported"


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    question: str
    answer: str
    passages: tuple[Passage, ...]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One statement. `expected` is the mark's letter, `n` without one."""

    case: str
    expected: str
    right: bool
    said: str
    verdict: str


def read_cases(path: Path) -> Iterator[Case]:
    for block in re.split(r"^@@ ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, rest = block.partition("\n")
        _, *parts = _PARTS.split(rest)
        texts = [
            (head, text.strip("\n")) for head, text in zip(parts[::2], parts[1::2], strict=True)
        ]
        sources = [(h.removeprefix("source "), t) for h, t in texts if h.startswith("source ")]
        said = dict(texts)
        answer, expected = _unmarked(said["answer"])
        passages = tuple(_passage(n, *each) for n, each in enumerate(sources, start=1))
        yield Case(name.strip(), said["question"], answer, passages, tuple(expected))


def _unmarked(text: str) -> tuple[str, list[Expected]]:
    answer, expected, end = "", [], 0
    for found in _MARK.finditer(text):
        answer += text[end : found.start()]
        end = found.end()
        expected.append(Expected(len(answer), found[1], frozenset(map(int, found[2]))))
    return answer + text[end:], expected


def _passage(number: int, name: str, text: str) -> Passage:
    return Passage(number, f"d{number}", name, "b", 0, text, 0, len(text))


def judged(case: Case, checks: Sequence[Check]) -> Iterator[Outcome]:
    """Every mark, and every check that has none and must state nothing."""
    met: set[int] = set()
    for mark in case.expected:
        found = next((c for c in checks if c.start < mark.end <= c.end), None)
        verdict = found.verdict if found else "nothing"
        said = case.answer[found.start : found.end] if found else case.answer[: mark.end][-30:]
        if found:
            met.add(found.start)
        yield Outcome(case.id, mark.kind, found is not None and mark.met_by(found), said, verdict)
    for check in checks:
        if check.start not in met:
            said = case.answer[check.start : check.end]
            yield Outcome(case.id, "n", check.verdict == "no_statement", said, check.verdict)


@dataclass(frozen=True, slots=True)
class _Found:
    """Hands a case's passages to the answer line."""

    passages: tuple[Passage, ...]

    def retrieve(self, query: str, scope: Scope, top_k: int, *, context: str = "") -> Retrieved:
        around = {(p.document_id, p.ordinal): p for p in self.passages}
        return Retrieved(self.passages, around, top_k)


async def answered(case: Case, checker: Checker) -> Answer:
    """The case through the whole answer line, its answer streamed in pieces of three characters."""
    model = ScriptedChatModel(context_tokens=100_000)
    model.enqueue(*[case.answer[i : i + 3] for i in range(0, len(case.answer), 3)])
    budget = PromptBudget(100_000)
    line = AnswerLine(_Found(case.passages), model, 6, budget, 100_000, checker=checker)
    async for event in line.stream(Question(case.question, Scope(("b",)))):
        if isinstance(event, Answer):
            return event
    raise RuntimeError("the answer line ended without an answer")


def main(
    show: Annotated[bool, typer.Option(help="Print wrong verdicts of the tuned ones.")] = False,
    vectors: Annotated[bool, typer.Option(help="With the default embedder.")] = True,
) -> None:
    """Exit code 1 where a text was changed, or fewer than 95 % of the verdicts are right."""
    checker = _checker(vectors)
    failed = False
    for names in (("tuned_zh", "tuned_en"), ("kept",)):
        cases = [case for name in names for case in read_cases(FOLDER / f"{name}.md")]
        answers = [asyncio.run(answered(case, checker)) for case in cases]
        unchanged = sum(a.text == c.answer for a, c in zip(answers, cases, strict=True))
        outcomes = [o for c, a in zip(cases, answers, strict=True) for o in judged(c, a.checks)]
        right = sum(outcome.right for outcome in outcomes) / len(outcomes)
        times = sorted(a.timings_ms["check"] for a in answers)
        typer.echo(
            f"{'+'.join(names)}: text unchanged {unchanged}/{len(cases)}; verdicts right "
            f"{right:.1%} of {len(outcomes)}{_by_kind(outcomes)}; judging took "
            f"{times[len(times) // 2]:.0f} ms at the median, {times[-1]:.0f} ms at most"
        )
        failed |= unchanged < len(cases) or right < LEAST
        for outcome in outcomes:
            if show and not outcome.right and names != ("kept",):
                typer.echo(
                    f"  {outcome.case} {outcome.expected} → {outcome.verdict}: {outcome.said}"
                )
    sys.exit(failed)


def _by_kind(outcomes: Sequence[Outcome]) -> str:
    words = {"s": "supported", "c": "computed", "f": "false", "u": "unsupported", "n": "none"}
    total = Counter(outcome.expected for outcome in outcomes)
    right = Counter(outcome.expected for outcome in outcomes if outcome.right)
    return f" ({', '.join(f'{words[k]} {right[k]}/{n}' for k, n in sorted(total.items()))})"


def _checker(vectors: bool) -> Checker:
    from app.config import Settings
    from app.rag.grounding.embedded import EmbeddedChecker
    from app.wiring.models import build_embedder, model_store

    settings = Settings()
    return EmbeddedChecker(
        build_embedder(settings, model_store(settings), threads=1) if vectors else None
    )


if __name__ == "__main__":
    typer.run(main)

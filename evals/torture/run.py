"""The cycles and their summary."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx
from sqlmodel import Session

from app.db.engine import Database
from evals.torture.adapters import add_adapters
from evals.torture.check import (
    Violations,
    compare_database,
    compare_indexes,
    stored_answers,
    stored_documents,
    wait_until_read,
)
from evals.torture.faults import Fault, Undo
from evals.torture.load import Load
from evals.torture.processes import Processes, preload
from evals.torture.questions import Questions

_CHANGES = (2, 7)  # per cycle
_STRIKES_WITHIN_S = 0.25


@dataclass(slots=True)
class Summary:
    cycles: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: Violations = field(default_factory=Violations)
    load: Load | None = None
    questions: Questions | None = None

    def lines(self) -> list[str]:
        """The summary as text."""
        lines = [f"{self.cycles} cycles in {self.seconds:.0f} s"]
        lines += [f"  {count:5}  {name}" for name, count in sorted(self.faults.items())]
        if self.load is not None:
            lines += [
                f"  {self.load.acknowledged:5}  changes acknowledged",
                f"  {self.load.refused:5}  refused with the reason, nothing changed",
                f"  {self.load.unanswered:5}  cut off before an answer",
                f"  {len(self.load.unclear):5}  answered with another error "
                f"{dict(Counter(self.load.unclear)) or ''}",
            ]
        if self.questions is not None and self.questions.answered:
            lines += [
                f"  {self.questions.answered:5}  questions answered",
                f"  {self.questions.searched:5}  searches answered",
                f"  {self.questions.unanswered:5}  of both cut off before an answer",
                f"  {len(self.questions.unclear):5}  answered with another error "
                f"{dict(Counter(self.questions.unclear)) or ''}",
            ]
        lines += [
            f"  {len(self.wrong.lost):5}  acknowledged documents lost",
            f"  {len(self.wrong.duplicates):5}  duplicates",
            f"  {len(self.wrong.differences):5}  differences between index and database",
        ]
        found = [*self.wrong.lost, *self.wrong.duplicates, *self.wrong.differences]
        return lines + [f"    {each}" for each in found[:20]]


@dataclass(slots=True)
class Torture:
    """Cycles on one installation."""

    processes: Processes
    load: Load
    questions: Questions
    choose: random.Random

    def cycle(self, fault: Fault) -> Violations:
        """Strikes in the middle of changes, and of questions where there are several processes;
        then starts what ended, and compares."""
        with self._clients() as clients:
            undo = self._strike(clients, fault)
        undo()
        self.processes.start()
        wrong = Violations()
        with self._clients() as clients, self._database() as session:
            wrong.lost += wait_until_read(session)
            wrong.lost += self.load.settle(stored_documents(self.processes, session, wrong))
            wrong.lost += self.questions.settle(stored_answers(session, self.questions.shown))
            compare_database(session, wrong)
            wrong.lost += self.load.settle_champion(clients[0])
            for http in clients:
                compare_indexes(http, wrong)
        return wrong

    def _strike(self, clients: Sequence[httpx.Client], fault: Fault) -> Undo:
        delay_s = self.choose.uniform(0, _STRIKES_WITHIN_S)
        own = random.Random(self.choose.random())

        def strike() -> Undo:
            time.sleep(delay_s)
            return fault(self.processes, own)

        stop = threading.Event()
        with ThreadPoolExecutor(2) as threads:  # never fork while they run
            struck = threads.submit(strike)
            asked = []
            if len(clients) > 1:
                asked.append(threads.submit(self.questions.go_on, clients, stop))
            try:
                for _ in range(self.choose.randint(*_CHANGES)):
                    self.load.change(clients)
                undo = struck.result()  # the fault must really have happened
                for _ in range(self.choose.randint(0, 2)):
                    self.load.change(clients)
            finally:
                stop.set()
            for each in asked:
                each.result()
        return undo

    @contextmanager
    def _clients(self) -> Iterator[list[httpx.Client]]:
        """One for each API process."""
        with ExitStack() as stack:
            yield [
                stack.enter_context(
                    httpx.Client(base_url=each.api_base_url, timeout=30, trust_env=False)
                )
                for each in self.processes.settings
            ]

    @contextmanager
    def _database(self) -> Iterator[Session]:
        """No connection stays open, since processes are forked."""
        db = Database(self.processes.sql_url)
        try:
            with db.read() as session:
                yield session
        finally:
            db.dispose()


def torture(
    processes: Processes,
    faults: Mapping[str, Fault],
    cycles: int,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> Summary:
    """Runs the cycles; `advance` is called after each."""
    choose = random.Random(seed)
    preload()
    summary = Summary()
    began = time.monotonic()
    try:
        processes.start()
        base_id = _new_base(processes)
        add_adapters(processes)
        summary.load = load = Load(base_id, choose)
        summary.questions = questions = Questions(base_id, random.Random(choose.random()))
        tortured = Torture(processes, load, questions, choose)
        names = sorted(faults)
        for number in range(cycles):
            # every fault occurs equally often, in random order each round
            if number % len(names) == 0:
                choose.shuffle(names)
            name = names[number % len(names)]
            wrong = tortured.cycle(faults[name])
            summary.wrong.add(wrong)
            summary.faults[name] += 1
            summary.cycles += 1
            advance()
            if wrong.any():
                break  # further cycles would only repeat it
    finally:
        processes.end()
        summary.seconds = time.monotonic() - began
    return summary


def _new_base(processes: Processes) -> str:
    address = f"{processes.settings[0].api_base_url}/api/bases"
    answer = httpx.post(address, json={"name": "torture"}, trust_env=False, timeout=30)
    return str(answer.raise_for_status().json()["id"])

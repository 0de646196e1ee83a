"""The cycles and their summary."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from evals.torture.check import Violations, compare, stored_documents, wait_until_read
from evals.torture.faults import Fault, Undo
from evals.torture.load import Load
from evals.torture.processes import Processes, preload

_CHANGES = (2, 7)  # per cycle
_STRIKES_WITHIN_S = 0.25


@dataclass(slots=True)
class Summary:
    cycles: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: Violations = field(default_factory=Violations)
    load: Load | None = None

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
        lines += [
            f"  {len(self.wrong.lost):5}  acknowledged documents lost",
            f"  {len(self.wrong.duplicates):5}  duplicates",
            f"  {len(self.wrong.differences):5}  differences between index and database",
        ]
        found = [*self.wrong.lost, *self.wrong.duplicates, *self.wrong.differences]
        return lines + [f"    {each}" for each in found[:20]]


def torture(
    data_dir: Path,
    logs: Path,
    faults: Mapping[str, Fault],
    cycles: int,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> Summary:
    """Runs the cycles on `data_dir`; `advance` is called after each."""
    choose = random.Random(seed)
    preload()
    processes = Processes(data_dir, logs)
    summary = Summary()
    began = time.monotonic()
    try:
        processes.start()
        with _client(processes) as http:
            base = http.post("/api/bases", json={"name": "torture"}).raise_for_status().json()
        summary.load = load = Load(base["id"], choose)
        names = sorted(faults)
        for number in range(cycles):
            # every fault occurs equally often, in random order each round
            if number % len(names) == 0:
                choose.shuffle(names)
            name = names[number % len(names)]
            wrong = _cycle(processes, load, faults[name], choose)
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


def _cycle(processes: Processes, load: Load, fault: Fault, choose: random.Random) -> Violations:
    undone: list[Undo] = []
    failed: list[BaseException] = []
    delay_s = choose.uniform(0, _STRIKES_WITHIN_S)
    own = random.Random(choose.random())

    def strike() -> None:
        time.sleep(delay_s)
        try:
            undone.append(fault(processes, own))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=strike)
    with _client(processes) as http:
        thread.start()
        for _ in range(choose.randint(*_CHANGES)):
            load.change(http)
        thread.join()  # never fork while a thread runs
        if failed:
            raise failed[0]  # the fault must really have happened
        for _ in range(choose.randint(0, 2)):
            load.change(http)
    for undo in undone:
        undo()
    processes.start()
    wrong = Violations()
    wrong.lost += wait_until_read(processes)
    wrong.lost += load.settle(stored_documents(processes, wrong))
    with _client(processes) as http:
        compare(processes, http, wrong)
    return wrong


def _client(processes: Processes) -> httpx.Client:
    url = processes.settings.api_base_url
    return httpx.Client(base_url=url, timeout=30, trust_env=False)

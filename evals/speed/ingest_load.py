"""Side effects of ingestion: search latency, worker memory, unchanged folders."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.config import Settings
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.search import Search
from app.wiring.application import Zhiwen
from evals.figures import Figure, percentile_95
from evals.speed.processes import children, end, environment, free_ports, memory_mib, running

_BETWEEN_SEARCHES_S = 0.1
WORKER_MIB = 1536.0


def while_reading(
    settings: Settings,
    zhiwen: Zhiwen,
    base_id: str,
    questions: Sequence[str],
    files: Mapping[str, bytes],
) -> list[Figure]:
    """Search latency when idle and during ingestion, and peak memory of worker and parser."""
    idle_ms = [_search_ms(zhiwen.search, question, base_id) for question in questions]
    for name, data in files.items():
        zhiwen.documents.accept_bytes(ME, base_id, f"second/{name}", data)
    values = {
        "data_dir": settings.data_dir,
        "models_dir": settings.models_path.absolute(),
        "worker_idle_s": 1,
    }
    drain = [sys.executable, "-m", "app.worker", "--drain", "bench"]
    busy_ms: list[float] = []
    sizes_mib: list[float] = []
    worker = subprocess.Popen(drain, env=environment(values))
    while worker.poll() is None:
        question = questions[len(busy_ms) % len(questions)]
        busy_ms.append(_search_ms(zhiwen.search, question, base_id))
        sizes_mib.append(_weight_mib(worker.pid))
        time.sleep(_BETWEEN_SEARCHES_S)
    idle, busy = percentile_95(idle_ms), percentile_95(busy_ms)
    half = len(sizes_mib) // 2
    growth = 100 * (max(sizes_mib[half:]) / max(sizes_mib[:half] or sizes_mib) - 1)
    chunks = zhiwen.bases.get(ME, base_id).chunk_count
    detail = f"{chunks} chunks; second half {growth:+.0f} % over the first"
    return [
        Figure("search at rest, p95", idle, "ms"),
        Figure("search while the worker reads, p95", busy, "ms", None, f"n = {len(busy_ms)}"),
        Figure("busy p95 over idle p95", busy / idle, "×", 3.0),
        Figure("worker and parser at their largest", max(sizes_mib), "MiB", WORKER_MIB, detail),
    ]


def unchanged_folder(settings: Settings, data_dir: Path, files: Mapping[str, bytes]) -> Figure:
    """Runs `zhiwen ingest FOLDER` twice, against a service and a worker of its own."""
    folder = data_dir / "folder"
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (port,) = free_ports(1)
    values: dict[str, Any] = {
        "data_dir": data_dir / "data",
        "models_dir": settings.models_path.absolute(),
        "api_port": port,
        "sample_base": False,
    }
    service = Settings(**values)
    with running(("app.api",), f"{service.api_base_url}/readyz", values):
        worker = subprocess.Popen([sys.executable, "-m", "app.worker"], env=environment(values))
        try:
            first_s, second_s = (_ingest_s(folder, values) for _ in range(2))
        finally:
            end(worker)
    detail = f"{len(files)} files: {first_s:.1f} s, again {second_s:.2f} s"
    return Figure("an unchanged folder again", 100 * second_s / first_s, "%", 2.0, detail)


def _ingest_s(folder: Path, values: Mapping[str, object]) -> float:
    zhiwen = [sys.executable, "-c", "from app.cli.main import main; main()"]
    began = time.perf_counter()
    subprocess.run(
        [*zhiwen, "ingest", str(folder), "--kb", "bench", "--json"],
        env=environment(values),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def _weight_mib(pid: int) -> float:
    """Memory of the process and its children; 0 if it has just exited."""
    try:
        return sum(memory_mib(each) for each in (pid, *children(pid)))
    except (OSError, RuntimeError):
        return 0.0


def _search_ms(search: Search, question: str, base_id: str) -> float:
    began = time.perf_counter()
    search.search(ME, question, [base_id], 6)
    return (time.perf_counter() - began) * 1000

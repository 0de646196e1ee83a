"""Speed of the interface in Chromium: `python -m evals.speed.bench_ui`. Writes to `build`.

The engine is a fake one, so that its speed doesn't count. Measured: how long a page takes until it
can be used, in a browser that has never seen it (cold) and in one that has its files (warm); how
far the page jumps while an answer streams (cumulative layout shift, https://web.dev/articles/cls);
and how much longer pages take with many conversations and documents than nearly empty, and than
with a screen full of them, in the same run: the rest is what rows cost that nobody sees.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from app.config import Settings
from app.db.tables import Conversation, StoredDocument, StoredMessage
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import LOCAL_OWNER
from app.wiring.application import Zhiwen, build
from app.wiring.models import model_store
from evals.figures import Figure, table, write
from evals.local import add_documents
from evals.models import obtain_models
from evals.speed.processes import free_ports, running
from evals.speed.synthetic import generate

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPORT = Path("build/bench_ui.json")
COLD_S, WARM_S, LAYOUT_SHIFT, SLOWER = 2.5, 0.6, 0.02, 1.25
CONVERSATIONS, DOCUMENTS = 500, 2_000
A_SCREEN_FULL = 20  # of either
FEW = 5  # documents, and no conversation

_BASE = "bench"
_TOKENS, _DELAY_MS = 60, 30
_PATIENCE_MS = 60_000
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WATCH_SHIFTS = """
window.zhiwenShift = 0;
new PerformanceObserver(list => {
  for (const { hadRecentInput, value } of list.getEntries()) {
    if (!hadRecentInput) window.zhiwenShift += value;
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def main(
    rounds: Annotated[int, typer.Option(help="Times that each page is opened.")] = 5,
    report: Annotated[Path, typer.Option(help="File to write.")] = REPORT,
) -> None:
    """Measures pages in a real browser."""
    from playwright.sync_api import sync_playwright  # of the development environment

    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise typer.BadParameter("no browser found; on Debian: apt-get install chromium")
    given = Settings()
    obtain_models(given)
    api_port, ui_port, engine_port = free_ports(3)
    with tempfile.TemporaryDirectory(prefix="zhiwen-ui-") as folder:
        changes: dict[str, Any] = {
            "data_dir": folder,
            "models_dir": given.models_path.absolute(),
            "tokenizer": given.tokenizer or model_store(given).default_chat_model(),
            "embedder": "hashing",
            "engine_url": f"http://127.0.0.1:{engine_port}/v1",
            "chat_model": "fake:clock",
            "max_answer_tokens": _TOKENS,
            "api_port": api_port,
            "ui_port": ui_port,
            "sample_base": False,
            "abstain": False,
            "log_level": "warning",
        }
        settings = Settings(**changes)
        zhiwen = build(settings, model=ScriptedChatModel())
        zhiwen.prepare()
        base_id, _ = add_documents(zhiwen, _BASE, generate(FEW, 1).files)
        fake = ("app.llm.servers.fake_engine", "--port", f"{engine_port}")
        url = f"http://127.0.0.1:{ui_port}"
        interface = [
            *("streamlit", "run", "ui/main.py", f"--server.port={ui_port}"),
            *("--server.address=127.0.0.1", "--server.headless=true"),
            *("--", "--api-url", settings.api_base_url),
        ]
        with (
            running((*fake, "--delay-ms", f"{_DELAY_MS}"), f"{settings.engine_url}/models", {}),
            running(("app.api",), f"{settings.api_base_url}/readyz", changes),
            running(interface, f"{url}/_stcore/health", {}),
            sync_playwright() as playwright,
        ):
            arguments = ["--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=path, args=arguments)
            figures = _Bench(browser, url, zhiwen, base_id, rounds).figures()
            browser.close()
        zhiwen.db.dispose()
    Console().print(table(figures))
    write(figures, report)


class _Bench:
    def __init__(
        self, browser: "Browser", url: str, zhiwen: Zhiwen, base_id: str, rounds: int
    ) -> None:
        self._browser, self._url, self._zhiwen = browser, url, zhiwen
        self._base_id, self._rounds = base_id, rounds
        # By the page's address, what can be seen once it can be used.
        self._pages: dict[str, Callable[[Page], None]] = {"": _chat, "documents": _documents}

    def figures(self) -> list[Figure]:
        self._open("", self._browser.new_page())  # the server's own first time
        shift = self._shift()
        found = [
            self._timed("chat usable, cold", COLD_S, self._cold("")),
            self._timed("chat usable, warm", WARM_S, self._warm("")),
            Figure("layout shift while an answer streams", shift, "", LAYOUT_SHIFT, f"{shift:.4f}"),
        ]
        nearly_empty = self._every_page()
        _fill(self._zhiwen, self._base_id, range(A_SCREEN_FULL), range(A_SCREEN_FULL))
        full = self._every_page()
        more = (range(A_SCREEN_FULL, CONVERSATIONS), range(A_SCREEN_FULL, DOCUMENTS))
        _fill(self._zhiwen, self._base_id, *more)
        load = f"{CONVERSATIONS} conversations, {DOCUMENTS:,} documents"
        for path, many in self._every_page().items():
            for few, how_many in ((nearly_empty, f"{FEW} documents"), (full, "a screen full")):
                name = f"{path or 'chat'}, warm, with {load}: times as long as with {how_many}"
                detail = f"{few[path]:.2f} → {many:.2f} s"
                found.append(Figure(name, many / few[path], "", SLOWER, detail))
        return found

    def _every_page(self) -> dict[str, float]:
        return {path: statistics.median(self._warm(path)) for path in self._pages}

    def _timed(self, name: str, target: float, seconds: list[float]) -> Figure:
        detail = f"{min(seconds):.2f}–{max(seconds):.2f} s, n = {len(seconds)}"
        return Figure(name, statistics.median(seconds), "s", target, detail)

    def _open(self, path: str, page: "Page") -> float:
        began = time.perf_counter()
        page.goto(f"{self._url}/{path}", wait_until="commit")
        self._pages[path](page)
        return time.perf_counter() - began

    def _cold(self, path: str) -> list[float]:
        seconds = []
        for _ in range(self._rounds):
            context = self._browser.new_context(locale="en-GB")
            seconds.append(self._open(path, context.new_page()))
            context.close()
        return seconds

    def _warm(self, path: str) -> list[float]:
        context = self._browser.new_context(locale="en-GB")
        page = context.new_page()
        self._open(path, page)
        seconds = [self._open(path, page) for _ in range(self._rounds)]
        context.close()
        return seconds

    def _shift(self) -> float:
        """Sum of all layout shifts from the question to the end of its answer."""
        context = self._browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.add_init_script(_WATCH_SHIFTS)
        self._open("", page)
        page.wait_for_timeout(1_500)  # its own drawing is not what is measured
        before = page.evaluate("window.zhiwenShift")
        field = page.get_by_test_id("stChatInput").locator("textarea")
        field.fill(generate(FEW, 1).questions[0])
        field.press("Enter")
        page.get_by_test_id("stFeedback").wait_for(timeout=_PATIENCE_MS)
        page.wait_for_timeout(500)
        shifted: float = page.evaluate("window.zhiwenShift") - before
        context.close()
        return shifted


def _chat(page: "Page") -> None:
    _seen(page, '[data-testid="stChatInput"] textarea:enabled')


def _documents(page: "Page") -> None:
    _seen(page, '[class*="st-key-filerow-"]')


def _seen(page: "Page", selector: str) -> None:
    """Looked for in each frame that is drawn: a locator waits up to half a second between looks."""
    drawn = "selector => document.querySelector(selector)?.getClientRects().length > 0"
    page.wait_for_function(drawn, arg=selector, timeout=_PATIENCE_MS, polling="raf")


def _fill(zhiwen: Zhiwen, base_id: str, conversations: range, documents: range) -> None:
    """Conversations of two messages, documents without text: as many rows as a long life leaves."""
    owner = LOCAL_OWNER.person_id
    with zhiwen.db.write() as session:
        for number in conversations:
            asked = f"Question {number} about the handbook?"
            conversation = Conversation(owner_id=owner, title=asked, base_ids=[base_id])
            session.add(conversation)
            session.flush()
            question = StoredMessage(
                conversation_id=conversation.id, position=0, role="user", content=asked
            )
            answer = StoredMessage(
                conversation_id=conversation.id,
                parent_id=question.id,
                position=1,
                role="assistant",
                content="Yes. " * 40,
            )
            session.add_all((question, answer))
        for number in documents:
            name = f"note-{number:04}.txt"
            session.add(
                StoredDocument(
                    base_id=base_id,
                    name=name,
                    path=name,
                    series_id=f"{number:024x}",
                    media_type="text/plain",
                    size_bytes=1,
                    sha256=f"{number:064x}",
                    state="ready",
                )
            )


if __name__ == "__main__":
    typer.run(main)

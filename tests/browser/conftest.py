"""A whole Zhiwen as a person starts it: `zhiwen up`, the real models, free ports, its own data."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.gestures import blocked_in
from tests.patience import PATIENCE_S
from tests.serving import listening_socket
from tests.ui.conftest import served
from tests.ui.stand_in.service import Application, sample_application
from tests.weights import CHAT_MODEL, EMBEDDER, store_with

_START_S = 280.0
ROOT = Path(__file__).parents[2]
# The shell, the same engine without windows, takes a quarter less processor time.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW_TO_GET = "no browser found; on Debian: apt-get install chromium-headless-shell fonts-noto-cjk"


@dataclass(frozen=True, slots=True)
class RunningZhiwen:
    ui_url: str
    api_url: str


@pytest.fixture(scope="package")
def running_zhiwen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningZhiwen]:
    with zhiwen_up(tmp_path_factory.mktemp("zhiwen"), _START_S, CHAT_MODEL=CHAT_MODEL) as running:
        yield running


@contextmanager
def zhiwen_up(folder: Path, timeout_s: float, **more: object) -> Iterator[RunningZhiwen]:
    """`zhiwen up` with its data in `folder` and `more` settings, named without their prefix."""
    models = store_with(EMBEDDER).models_dir
    store_with(CHAT_MODEL)
    api, ui, engine = (free_port() for _ in range(3))
    settings = {
        "DATA_DIR": folder,
        "MODELS_DIR": models.absolute(),
        "OFFLINE": True,
        "EMBEDDER": EMBEDDER,
        "API_PORT": api,
        "UI_PORT": ui,
        "ENGINE_PORT": engine,
        **more,
    }
    environment = {f"ZHIWEN_{name}": str(value) for name, value in settings.items()}
    log = folder / "up.log"
    with log.open("wb") as output:
        up = subprocess.Popen(
            [sys.executable, "-c", "from app.cli.main import main; main()", "up"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        wait_until_ready(up, log, timeout_s)
        yield RunningZhiwen(f"http://127.0.0.1:{ui}", f"http://127.0.0.1:{api}")
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(PATIENCE_S)


def free_port() -> int:
    with listening_socket() as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_ready(up: "subprocess.Popen[bytes]", log: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while "is ready" not in log.read_text("utf-8"):
        if up.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"zhiwen up did not start:\n{log.read_text('utf-8')}")
        time.sleep(0.3)


@dataclass(frozen=True, slots=True)
class Interface:
    """The interface by itself, in front of a stand-in for the API."""

    url: str
    application: Application


@pytest.fixture(scope="module")
def interface() -> Iterator[Interface]:
    application, port = sample_application(), free_port()
    command = [sys.executable, "-m", "streamlit", "run", "ui/main.py"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    with served(application) as api_url:
        started = subprocess.Popen([*command, "--", f"--api-url={api_url}"], cwd=ROOT)
        try:
            wait_until_served(started, f"http://127.0.0.1:{port}/_stcore/health")
            yield Interface(f"http://127.0.0.1:{port}", application)
        finally:
            started.terminate()
            started.wait(PATIENCE_S)


def wait_until_served(started: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while started.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).is_success:
                return
        time.sleep(0.2)
    pytest.fail("the interface did not start")


# Playwright keeps a running event loop in this thread: no longer than its tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browser_started() as started:
        yield started


@contextmanager
def browser_started() -> Iterator[Browser]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(HOW_TO_GET)
        pytest.skip(HOW_TO_GET)
    expect.set_options(timeout=90_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    opened = context.new_page()
    opened.set_default_timeout(90_000)
    blocked = blocked_in(context)
    yield opened
    context.close()
    assert blocked == [], "the content policy forbids what the page needs"

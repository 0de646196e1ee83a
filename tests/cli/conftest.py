import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.application import RunningApi, drain
from tests.cli.shell import Shell, shell


@pytest.fixture
def zhiwen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Shell:
    """The command `zhiwen`, with a data folder of its own and without a service."""
    monkeypatch.chdir(tmp_path)  # where nobody has a `.env`
    monkeypatch.setenv("ZHIWEN_DATA_DIR", str(tmp_path / "shell"))
    monkeypatch.setenv("ZHIWEN_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("ZHIWEN_API_URL", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("COLUMNS", "100")
    return shell(capsys, monkeypatch)


@pytest.fixture
def served(api: RunningApi, zhiwen: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The same with the service of `api`."""
    monkeypatch.setenv("ZHIWEN_API_URL", api.url)
    return zhiwen


@pytest.fixture
def worker(api: RunningApi) -> Iterator[None]:
    """Uploads are read as they come."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.05):
            drain(api.application)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()

"""Which build of torch is installed, and from where."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.install.torch_source import CPU_INDEX_URL, choose, fits, why_unreachable
from tests.install.project import Project
from tests.serving import serving


def reachable(_url: str) -> None:
    return None


def nobody_asks(url: str) -> str:
    raise AssertionError(f"{url} was asked")


def test_without_a_card_the_cpu_index_and_no_other_build() -> None:
    source = choose("2.13.0", wants_cpu_build=True, unreachable=reachable)
    assert source.pip_arguments() == ["--index-url", CPU_INDEX_URL, "torch==2.13.0+cpu"]
    assert "without CUDA" in source.reason


def test_an_unreachable_cpu_index_gives_way_to_the_default_and_that_is_said() -> None:
    source = choose("2.13.0", wants_cpu_build=True, unreachable=lambda _url: "no route to host")
    assert source.pip_arguments() == ["torch==2.13.0"]
    for words in ("no route to host", "default package index", "CUDA", "TORCH_INDEX_URL"):
        assert words in source.reason


def test_with_a_card_the_default_index() -> None:
    source = choose("2.13.0", wants_cpu_build=False, unreachable=nobody_asks)
    assert source.pip_arguments() == ["torch==2.13.0"]


@pytest.mark.parametrize("wants_cpu_build", [True, False])
def test_an_index_that_a_person_names_is_taken(wants_cpu_build: bool) -> None:
    source = choose(
        "2.13.0",
        wants_cpu_build=wants_cpu_build,
        given_url="https://mirror.test/cpu",
        unreachable=nobody_asks,
    )
    assert source.pip_arguments() == ["--index-url", "https://mirror.test/cpu", "torch==2.13.0"]


@pytest.mark.parametrize(
    ("installed", "wants_cpu_build", "stays"),
    [
        ("2.13.0+cpu", True, True),
        ("2.13.0+cpu", False, True),
        ("2.13.0", False, True),
        ("2.13.0", True, False),
        ("2.13.0+cu130", True, False),
        ("2.12.0+cpu", True, False),
    ],
)
def test_an_installed_build_stays_where_it_fits(
    installed: str, wants_cpu_build: bool, stays: bool
) -> None:
    assert fits(installed, "2.13.0", wants_cpu_build=wants_cpu_build) is stays


def test_an_index_that_answers_is_reachable() -> None:
    with serving(Starlette(routes=[Route("/torch/", lambda _: PlainTextResponse(""))])) as url:
        assert why_unreachable(f"{url}/torch/") is None
        assert "404" in (why_unreachable(f"{url}/other/") or "")
    assert "refused" in (why_unreachable(f"{url}/torch/") or "")


@pytest.fixture
def trickling_url() -> Iterator[str]:
    """A server that sends a byte now and then, so that no read times out, and never an answer."""
    ended = threading.Event()

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while not ended.wait(0.02):
                connection.send(b"H")

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=trickle, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        ended.set()
        thread.join()


def test_the_question_is_bounded_in_all(trickling_url: str) -> None:
    assert why_unreachable(trickling_url, timeout_s=0.3) == "no answer within 0.3 s"


@pytest.fixture
def ready_project(project: Project) -> Project:
    project.put_python("python3")
    return project


@pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="this machine has a card")
def test_a_machine_without_a_card_asks_for_the_cpu_build(ready_project: Project) -> None:
    """The network of the tests reaches no index; the fall-back is said, and its arguments."""
    ran = ready_project.dry_run()
    assert "No NVIDIA card" in ran.stdout
    assert CPU_INDEX_URL in ran.stdout
    assert "refused" in ran.stdout
    assert "off torch==2.13.0\n" in ran.stdout


def test_a_machine_with_a_card_asks_for_the_default_build(ready_project: Project) -> None:
    ready_project.put_python("nvidia-smi")
    ran = ready_project.dry_run()
    assert "NVIDIA" not in ran.stdout
    assert "PyTorch from the default package index" in ran.stdout
    assert "off torch==2.13.0\n" in ran.stdout


def test_a_mirror_by_its_setting(ready_project: Project) -> None:
    ran = ready_project.dry_run(TORCH_INDEX_URL="https://mirror.test/cpu")
    assert "--index-url https://mirror.test/cpu torch==2.13.0\n" in ran.stdout

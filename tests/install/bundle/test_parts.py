"""What the installer of a bundle reads from names, settings and files."""

import socket
from pathlib import Path

import pytest

from app.install.bundle.contents import oldest_glibc
from app.install.bundle.target import Target, TargetError
from app.install.bundle.write import images
from tests.docker_files.compose import PINNED
from tests.install.project import ROOT


@pytest.mark.parametrize(
    ("host", "listens"),
    [
        ("", "127.0.0.1"),
        ("::1", "::1"),
        ("::", "::1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104  # where it would listen
        ("localhost", "127.0.0.1"),
    ],
)
def test_a_running_instance_is_found_where_the_settings_say(
    tmp_path: Path, host: str, listens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ZHIWEN_API_HOST", "ZHIWEN_API_PORT"):
        monkeypatch.delenv(name, raising=False)
    target = Target(tmp_path)
    family = socket.AF_INET6 if ":" in listens else socket.AF_INET
    with socket.create_server((listens, 0), family=family) as server:
        port = server.getsockname()[1]
        (tmp_path / ".env").write_text(f"ZHIWEN_API_HOST={host}\nZHIWEN_API_PORT={port}\n")
        with pytest.raises(TargetError, match=f"port {port}"):
            target.check_stopped()
    target.check_stopped()


def test_wheels_say_the_oldest_c_library() -> None:
    old = "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    new = "b-1-cp311-cp311-manylinux_2_28_x86_64.whl"
    older = "c-1-cp311-cp311-manylinux2010_x86_64.whl"
    assert oldest_glibc(["d-1-py3-none-any.whl"]) == ""
    assert oldest_glibc([older, old]) == "2.17"
    assert oldest_glibc([new, old, older]) == "2.28"


def test_images_of_compose_files_and_chart_are_listed() -> None:
    found = images(ROOT / "docker")
    assert {"zhiwen:0.1.0", "postgres:17.6-bookworm", "python:3.11.14-slim-bookworm"} <= set(found)
    assert any(image.startswith("zhiwen-router:") for image in found)  # only the chart names it
    assert [image for image in found if not PINNED.fullmatch(image)] == []

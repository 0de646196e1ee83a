"""`zhiwen ingest --ray`: without a worker, Ray reads."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.application import RunningApi
from tests.cli.shell import Shell


@pytest.mark.timeout(900)
@pytest.mark.skipif(find_spec("ray") is None, reason="needs: pip install zhiwen[ray]")
def test_a_folder_is_read_by_ray(
    served: Shell, api: RunningApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIWEN_DATA_DIR", str(api.application.settings.data_dir))
    monkeypatch.setenv("ZHIWEN_EMBEDDER", "hashing")
    folder = tmp_path / "papers"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.md").write_text(f"# 规程 {number}\n\n每{number}天检查。\n", "utf-8")
    ran = served(
        *("ingest", folder, "--kb", "公司", "--ray", "local", "--ray-readers", "1", "--json")
    )
    assert ran.code == 0, ran.err
    assert "reading on Ray (local): 1 readers" in ran.err
    assert [each["state"] for each in json.loads(ran.out)["documents"]] == ["ready"] * 8
    found = api.http.get("/api/jobs", params={"limit": 50}).json()
    assert {job["attempts"] for job in found if "attempts" in job} <= {1}


def test_without_ray_the_command_says_how_to_install_it(
    served: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIWEN_EMBEDDER", "hashing")
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "a.md").write_text("# 规程\n\n每天检查。\n", "utf-8")
    ran = served("ingest", tmp_path / "a.md", "--kb", "公司", "--ray", "local")
    assert ran.code == 1
    assert "pip install 'zhiwen[ray]'" in ran.err

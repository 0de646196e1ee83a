from pathlib import Path

import pytest

from tests.install.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path)

"""Commands that other packages bring."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.cli.plugins import GROUP, CommandGroup

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with two commands: one that works, one whose module does not exist."""
    folder = tmp_path / "greeting-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1\n")
    entries = f"[{GROUP}]\nhello = greeting_shell:app\nsearch = nowhere:app\n"
    (folder / "entry_points.txt").write_text(entries)
    (tmp_path / "greeting_shell.py").write_text(
        "import typer\napp = typer.Typer(help='Greets.')\n\n\n"
        "@app.command()\ndef whom(name: str) -> None:\n    typer.echo(f'hello {name}')\n\n\n"
        "@app.command()\ndef nobody() -> None:\n    typer.echo('hello')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


def shell() -> typer.Typer:
    app = typer.Typer(cls=CommandGroup, no_args_is_help=True)

    @app.command("search")
    def search() -> None:
        typer.echo("own search")

    @app.callback()
    def whole() -> None:
        """The shell."""

    return app


@pytest.mark.usefixtures("installed")
def test_commands_of_other_packages_are_there() -> None:
    said = CliRunner().invoke(shell(), ["hello", "whom", "知问"])
    assert (said.exit_code, said.stdout) == (0, "hello 知问\n")
    assert "Greets." in CliRunner().invoke(shell(), ["--help"]).stdout


@pytest.mark.usefixtures("installed")
def test_an_own_command_is_never_replaced() -> None:
    assert CliRunner().invoke(shell(), ["search"]).stdout == "own search\n"


def test_an_unknown_command_is_told() -> None:
    assert CliRunner().invoke(shell(), ["nothing"]).exit_code == 2


def test_evaluation_is_a_command() -> None:
    import tomllib

    declared = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["entry-points"]
    name, value = next(iter(declared[GROUP].items()))
    assert name == "eval"
    assert isinstance(EntryPoint(name, value, GROUP).load(), typer.Typer)
    assert all(entry.group == GROUP for entry in entry_points(group=GROUP))

import pytest

from app.services.people.sign_in.next_path import local_path


@pytest.mark.parametrize("path", ["/", "/a/b?c=d&e=/f#g", "/知问?q=//x"])
def test_paths_of_ours(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "given",
    [
        "",
        "a",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\n//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/" + "a" * 2000,
    ],
)
def test_everything_else_leads_home(given: str) -> None:
    assert local_path(given) == "/"

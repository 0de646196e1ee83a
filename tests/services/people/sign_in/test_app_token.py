"""What is kept between calls to providers and messengers."""

import ssl
from itertools import count

import pytest

from app.services.people.sign_in.providers.app_token import AppToken
from app.services.people.sign_in.providers.certificates import certificates


def test_a_token_is_kept_until_shortly_before_it_ends() -> None:
    numbers, now = count(1), 0.0
    token = AppToken(lambda: (f"token-{next(numbers)}", 7200.0), lambda: now)
    assert (token(), token()) == ("token-1", "token-1")
    now = 6899.0
    assert token() == "token-1"
    now = 6900.0
    assert token() == "token-2"


def test_who_comes_late_with_an_ended_token_asks_for_none_of_their_own() -> None:
    """WeCom refuses apps that ask too often."""
    numbers = count(1)
    token = AppToken(lambda: (f"token-{next(numbers)}", 7200.0))
    ended = token()
    for _ in range(3):  # all were refused with it
        token.forget(ended)
        assert token() == "token-2"


def test_the_certificates_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    uncached = ssl.create_default_context.__wrapped__  # type: ignore[attr-defined]  # of all tests
    monkeypatch.setattr(ssl, "create_default_context", uncached)
    assert certificates() is certificates()

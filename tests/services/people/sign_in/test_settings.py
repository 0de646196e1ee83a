"""Settings of single sign-on are refused at the start where they can't be meant."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import Settings

OIDC = {"auth": "oidc", "oidc_issuer": "https://login.example.com/", "oidc_client_id": "zhiwen"}


def settings(**given: object) -> Settings:
    return Settings.model_validate({"data_dir": Path("data"), **given})


def test_they_reach_another_process_as_they_are() -> None:
    given = settings(**OIDC, oidc_client_secret="s", oidc_email_domains="@Example.com, b.example")
    assert given.oidc_email_domains == ("example.com", "b.example")
    passed = given.as_environment()
    assert passed["ZHIWEN_OIDC_ISSUER"] == "https://login.example.com/"
    assert passed["ZHIWEN_OIDC_EMAIL_DOMAINS"] == "example.com,b.example"
    assert passed["ZHIWEN_OIDC_CLIENT_SECRET"] == "s"
    assert "oidc_client_secret=SecretStr('**********')" in repr(given)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"auth": "oidc"}, "ZHIWEN_OIDC_ISSUER"),
        ({**OIDC, "oidc_client_id": ""}, "ZHIWEN_OIDC_CLIENT_ID"),
        ({**OIDC, "oidc_issuer": "http://login.example.com"}, "oidc_issuer"),
        ({**OIDC, "oidc_issuer": "https://me:pass@login.example.com"}, "oidc_issuer"),
        ({**OIDC, "oidc_issuer": "file:///etc/passwd"}, "oidc_issuer"),
        ({**OIDC, "oidc_scopes": "profile email"}, "oidc_scopes"),
        ({**OIDC, "oidc_email_domains": "a b"}, "oidc_email_domains"),
        ({"auth": "proxy"}, "ZHIWEN_TRUSTED_PROXIES"),
        ({"auth": "proxy", "trusted_proxies": "10.0.0.1", "proxy_header": "Host"}, "proxy_header"),
        ({"auth": "proxy", "trusted_proxies": "10.0.0.1", "proxy_header": "a: b"}, "proxy_header"),
    ],
)
def test_what_can_not_be_meant(given: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        settings(**given)


def test_a_provider_on_this_machine_needs_no_tls() -> None:
    assert settings(**{**OIDC, "oidc_issuer": "http://127.0.0.1:9400"}).oidc_issuer

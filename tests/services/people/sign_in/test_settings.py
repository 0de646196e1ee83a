"""Settings of single sign-on are refused at the start where they can't be meant."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import Settings

SECRET = "baBqE5um9LbFGDy3X7Lcf"
FEISHU = {"auth": "feishu", "sso_app_id": "cli_a", "sso_company_id": "t", "sso_app_secret": SECRET}
WECOM = {
    "auth": "wecom", "sso_agent_id": "1000002", "sso_company_id": "w", "sso_app_secret": SECRET,
}  # fmt: skip
OIDC = {"auth": "oidc", "oidc_issuer": "https://login.example.com/", "oidc_client_id": "zhiwen"}


def settings(**given: object) -> Settings:
    return Settings.model_validate({"data_dir": Path("data"), **given})


def test_they_reach_another_process_as_they_are() -> None:
    given = settings(
        **OIDC, oidc_client_secret=SECRET, oidc_email_domains="@Example.com, b.example"
    )
    assert given.oidc_email_domains == ("example.com", "b.example")
    passed = given.as_environment()
    assert passed["ZHIWEN_OIDC_ISSUER"] == "https://login.example.com/"
    assert passed["ZHIWEN_OIDC_EMAIL_DOMAINS"] == "example.com,b.example"
    assert passed["ZHIWEN_OIDC_CLIENT_SECRET"] == SECRET
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
        ({**FEISHU, "sso_app_id": ""}, "ZHIWEN_SSO_APP_ID"),
        ({**FEISHU, "sso_company_id": ""}, "ZHIWEN_SSO_COMPANY_ID"),
        ({**FEISHU, "auth": "dingtalk", "sso_app_secret": ""}, "ZHIWEN_SSO_APP_SECRET"),
        ({**WECOM, "sso_agent_id": ""}, "ZHIWEN_SSO_AGENT_ID"),
        ({**WECOM, "sso_agent_id": "12a"}, "sso_agent_id"),
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


def test_an_app_of_a_company_needs_no_more() -> None:
    for given in (FEISHU, {**FEISHU, "auth": "lark"}, {**FEISHU, "auth": "dingtalk"}, WECOM):
        assert settings(**given).missing_for(str(given["auth"])) == ""


@pytest.mark.parametrize(
    "secret", ["s", "secret", "x" * 32, "1212" * 8, "change-me-change-me", "0123456789abcdef"]
)
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    for given, name in ((OIDC, "oidc_client_secret"), (FEISHU, "sso_app_secret")):
        with pytest.raises(ValidationError, match=f"ZHIWEN_{name.upper()} can be guessed") as said:
            settings(**{**given, name: secret})
        assert len(secret) < 6 or secret not in str(said.value.errors()[0]["msg"])
    assert settings(sso_app_secret=secret), "nobody signs in by it"


def test_the_first_password_of_milvus_is_refused() -> None:
    milvus = {"database_url": "postgresql://x", "vectors": "milvus", "milvus_url": "http://m:19530"}
    assert settings(**milvus, milvus_token="root:fL3xq9-Zt")
    with pytest.raises(ValidationError, match="MILVUS_TOKEN"):
        settings(**milvus, milvus_token="root:Milvus")

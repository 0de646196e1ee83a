"""The client of an OpenID provider, against one that runs."""

from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from app.services.people.sign_in.providers.openid import OpenIdClient, OpenIdConfig
from app.services.people.sign_in.providers.provider import IdentityInvalid, ProviderDown
from app.services.people.sign_in.tokens import new_token, token_hash
from tests.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, running_provider

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def there() -> Iterator[OpenIdProvider]:
    with running_provider() as running:
        yield running


def config(issuer: str, secret: str = CLIENT_SECRET) -> OpenIdConfig:
    return OpenIdConfig(issuer, CLIENT_ID, secret, "openid", "", "http://ui.example/callback")


def claims(client: OpenIdClient, there: OpenIdProvider) -> dict[str, Any]:
    nonce, verifier = new_token(), new_token()
    params = there.sign_in(client.authorization_url("state", nonce, verifier))
    return client.claims(params, token_hash(nonce), verifier, set())


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_it_proves_who_it_is_as_the_provider_asks(there: OpenIdProvider, method: str) -> None:
    there.client_auth = method
    client = OpenIdClient(config(there.url, "" if method == "none" else CLIENT_SECRET))
    assert claims(client, there)["sub"] == "ada-1"


def test_a_wrong_secret_or_verifier_gets_nothing(there: OpenIdProvider) -> None:
    with pytest.raises(IdentityInvalid, match="invalid_grant"):
        claims(OpenIdClient(config(there.url, "wrong")), there)
    client = OpenIdClient(config(there.url))
    params = there.sign_in(client.authorization_url("state", "nonce", new_token()))
    with pytest.raises(IdentityInvalid, match="invalid_grant"):
        client.claims(params, token_hash("nonce"), new_token(), set())


def test_the_providers_keys_may_change_at_any_time(there: OpenIdProvider) -> None:
    client = OpenIdClient(config(there.url))
    assert claims(client, there)
    there.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert claims(client, there)


def test_its_metadata_are_read_again_after_ten_minutes(there: OpenIdProvider) -> None:
    now = [0.0]
    client = OpenIdClient(config(there.url), clock=lambda: now[0])
    for now[0] in (0.0, 599.0, 600.0, 601.0):
        client.authorization_url("state", "nonce", new_token())
    assert there.asked == [DISCOVERY, DISCOVERY]


def test_a_slash_behind_the_issuer_is_no_difference(there: OpenIdProvider) -> None:
    assert claims(OpenIdClient(config(f"{there.url}/")), there)["iss"] == there.url


def test_nobody_there() -> None:
    with pytest.raises(ProviderDown):
        OpenIdClient(config("http://127.0.0.1:1")).authorization_url("state", "nonce", new_token())


def test_the_secret_is_in_no_text_about_it() -> None:
    assert CLIENT_SECRET not in repr(OpenIdClient(config("https://login.example.com")))

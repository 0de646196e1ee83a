"""A client of one OpenID provider: its metadata, tokens and claims.

It contacts the configured issuer and the addresses in its discovery document, all over https (http
only for an issuer on this machine), follows no redirect and waits a limited time.

References: OpenID Connect Core 1.0 and Discovery 1.0; RFC 7636 (PKCE); RFC 9207 (`iss`).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.people_settings import is_safe_url
from app.services.people.sign_in.identities import Identity
from app.services.people.sign_in.providers.certificates import certificates
from app.services.people.sign_in.providers.provider import (
    IdentityInvalid,
    ProviderDown,
    check_subject,
    line,
)
from app.services.people.sign_in.tokens import token_hash

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

# Signatures by keys that only the provider has; never `none`, nor a secret that both know.
_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
_METADATA_S = 600.0
_CLOCK_SKEW_S = 60
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class OpenIdConfig:
    """`groups_claim` is empty where groups are not the provider's. `email_domains`: who may, any
    if empty."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    groups_claim: str
    redirect_url: str
    label: str = "SSO"
    email_domains: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class OpenIdClient:
    """Thread-safe. `clock` gives seconds, as `time.monotonic`."""

    config: OpenIdConfig
    clock: Callable[[], float] = time.monotonic
    name: str = "oidc"
    _metadata: tuple[float, dict[str, Any]] | None = None

    @property
    def label(self) -> str:
        return self.config.label

    @property
    def issuer(self) -> str:
        return self.config.issuer

    def authorization_url(self, state: str, nonce: str, code_verifier: str) -> str:
        """Where a browser goes to sign in. Raises ProviderDown."""
        metadata = self._discovered()
        with self._client(metadata) as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=code_verifier,
            )
        return str(url)

    def identity(self, params: Mapping[str, str], nonce_hash: str, code_verifier: str) -> Identity:
        """Raises ProviderDown; IdentityInvalid also for a person without an address in one of the
        domains."""
        claims = self.claims(params, nonce_hash, code_verifier, self._wanted())
        subject, email = check_subject(claims["sub"]), line(claims, "email")
        if self.config.email_domains:
            verified = claims.get("email_verified") in (True, "true")
            domain = email.rpartition("@")[2].casefold()
            if not verified or domain not in self.config.email_domains:
                raise IdentityInvalid("the e-mail address is not verified or in no allowed domain")
        return Identity(
            claims["iss"],
            subject,
            line(claims, "preferred_username") or email or line(claims, "name"),
            line(claims, "name"),
            email,
            self._groups(claims),
        )

    def _wanted(self) -> set[str]:
        groups = {self.config.groups_claim} - {""}
        verified = {"email_verified"} if self.config.email_domains else set()
        return {"email", *verified, *groups}

    def _groups(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """A provider that says nothing of groups says that there are none."""
        said = claims.get(self.config.groups_claim) if self.config.groups_claim else None
        names = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        return frozenset(name for name in names if isinstance(name, str))

    def claims(
        self, params: Mapping[str, str], nonce_hash: str, code_verifier: str, wanted: set[str]
    ) -> dict[str, Any]:
        """The claims about the person for whom the provider sent `params` to the callback, those of
        the userinfo endpoint too if the ID token lacks one of `wanted`.

        Raises ProviderDown, IdentityInvalid.
        """
        metadata = self._discovered()
        expected = metadata["issuer"]
        said = params.get("iss")  # RFC 9207: another provider's response must not pass for ours
        promised = metadata.get("authorization_response_iss_parameter_supported") is True
        if (said is not None or promised) and said != expected:
            raise IdentityInvalid("the response is another issuer's")
        if "error" in params or not params.get("code"):
            raise IdentityInvalid("the provider sent no code")
        with self._client(metadata) as client:
            token = self._token(client, metadata, params["code"], code_verifier)
            claims = self._id_claims(client, metadata, token, nonce_hash)
            endpoint = metadata.get("userinfo_endpoint")
            if endpoint and not wanted <= claims.keys():
                more = self._json(client, endpoint, {"Authorization": f"Bearer {_access(token)}"})
                if more.get("sub") != claims["sub"]:
                    raise IdentityInvalid("the userinfo is about somebody else")
                claims = {**more, **claims}
        return claims

    def _token(
        self, client: "OAuth2Client", metadata: dict[str, Any], code: str, code_verifier: str
    ) -> dict[str, Any]:
        import httpx2
        from authlib.common.errors import AuthlibBaseError

        try:
            token: dict[str, Any] = client.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=code_verifier,
                redirect_uri=self.config.redirect_url,
            )
        except AuthlibBaseError as error:
            raise IdentityInvalid(f"the provider refused the code: {error.error!r}") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderDown(f"no token: {type(error).__name__}") from error
        return token

    def _id_claims(
        self,
        client: "OAuth2Client",
        metadata: dict[str, Any],
        token: dict[str, Any],
        nonce_hash: str,
    ) -> dict[str, Any]:
        """The claims of the ID token once its signature and they themselves are checked."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        keys = self._json(client, metadata["jwks_uri"])
        supported = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in _ALGORITHMS if name in supported]
        try:
            decoded = jwt.decode(
                str(token["id_token"]),
                KeySet.import_key_set({"keys": list(keys["keys"])}),
                registry=JWSRegistry(algorithms=algorithms, strict_check_header=False),
            )
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    "aud": {"essential": True, "value": self.config.client_id},
                    "sub": {"essential": True},
                },
                params={
                    "client_id": self.config.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=_CLOCK_SKEW_S)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise IdentityInvalid(f"the ID token is refused: {error}") from error
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or token_hash(nonce) != nonce_hash:
            raise IdentityInvalid("the ID token has another nonce")
        check_subject(claims["sub"])
        return dict(claims)

    def _discovered(self) -> dict[str, Any]:
        """The provider's metadata, read again after ten minutes."""
        if self._metadata is not None and self.clock() < self._metadata[0] + _METADATA_S:
            return self._metadata[1]
        from authlib.oidc.discovery import get_well_known_url

        with self._client({}) as client:
            read = self._json(client, get_well_known_url(self.config.issuer, external=True))
        metadata = self._checked(read)
        self._metadata = (self.clock(), metadata)
        return metadata

    def _checked(self, metadata: dict[str, Any]) -> dict[str, Any]:
        issuer = str(metadata.get("issuer", ""))
        if issuer.rstrip("/") != self.config.issuer.rstrip("/"):
            raise ProviderDown(f"its metadata names another issuer, {issuer[:200]!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            url = metadata.get(name)
            if name == "userinfo_endpoint" and url is None:
                continue
            if not isinstance(url, str) or not self._may_contact(url):
                raise ProviderDown(f"its metadata has no {name} over https")
        return metadata

    def _may_contact(self, url: str) -> bool:
        return is_safe_url(url) and (
            url.startswith("https:") or self.config.issuer.startswith("http:")
        )

    def _json(
        self, client: "OAuth2Client", url: str, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """What `url` responds. Raises ProviderDown."""
        import httpx2

        try:
            response = client.request("GET", url, withhold_token=True, headers={**(headers or {})})
            response.raise_for_status()
            body = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderDown(f"{url}: {type(error).__name__}: {error}") from error
        if not isinstance(body, dict):
            raise ProviderDown(f"{url}: no JSON object")
        return body

    def _client(self, metadata: dict[str, Any]) -> "OAuth2Client":
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            client_id=self.config.client_id,
            client_secret=self.config.client_secret or None,
            token_endpoint_auth_method=self._auth_method(metadata),
            scope=self.config.scopes,
            redirect_uri=self.config.redirect_url,
            code_challenge_method="S256",
            verify=certificates(),
            timeout=_TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
        )

    def _auth_method(self, metadata: dict[str, Any]) -> str:
        """How we prove to the provider who we are. Without a secret, PKCE alone does."""
        if not self.config.client_secret:
            return "none"
        offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = "client_secret_basic" in offered or "client_secret_post" not in offered
        return "client_secret_basic" if basic else "client_secret_post"


def _access(token: Mapping[str, Any]) -> str:
    return str(token.get("access_token", ""))

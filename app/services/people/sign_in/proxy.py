"""Signing in by a header of a reverse proxy that has asked people who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from app.services.errors import Conflict, SignInFailed
from app.services.people.sessions import OpenedSession
from app.services.people.sign_in.identities import MAX_SUBJECT_CHARS, Identities, Identity
from app.services.people.visitor import visitor

ISSUER = "proxy"


@dataclass(frozen=True, slots=True)
class Came:
    """How a request reached us. `peer` is whom the server takes for the visitor: with `port` 0 one
    that a trusted peer has forwarded, else the peer itself. `forwarded`: the X-Forwarded-For."""

    peer: str
    port: int
    forwarded: Sequence[str]

    @property
    def last_hop(self) -> str:
        """Who handed the request over to us, or to the interface, which says so in the last
        address; empty where that can't be told."""
        if not self.forwarded:
            return self.peer
        return self.forwarded[-1] if self.port == 0 else ""


@dataclass(frozen=True, slots=True)
class ProxyTrust:
    """The headers that name a person and their groups, and who may send them.

    `groups_header` is empty where the proxy does not say groups.
    """

    header: str
    groups_header: str
    networks: tuple[IPv4Network | IPv6Network, ...]

    @classmethod
    def of(cls, header: str, groups_header: str, networks: Sequence[str]) -> "ProxyTrust":
        return cls(header, groups_header, tuple(map(ip_network, networks)))

    def covers(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class ProxySignIn:
    """`trust` is None where people sign in otherwise."""

    trust: ProxyTrust | None
    identities: Identities

    def sign_in(
        self, came: Came, names: Sequence[str], groups: Sequence[str] = ()
    ) -> OpenedSession:
        """Opens a session for the person whom the header names. `names` and `groups` are all
        values of the two headers.

        Raises Conflict where this is off, and SignInFailed where the request does not come from
        a trusted proxy or does not name one person.
        """
        if self.trust is None:
            raise Conflict("No proxy signs people in here.", code="no_login")
        if not self.trust.covers(came.last_hop):
            raise self._refused("address")
        name = names[0].strip() if len(names) == 1 else ""
        if not name or len(name) > MAX_SUBJECT_CHARS or not name.isprintable():
            raise self._refused("header")
        claimed = (part.strip() for value in groups for part in value.split(","))
        identity = Identity(
            ISSUER,
            name,
            name,
            email=name if "@" in name else "",
            groups=frozenset(filter(None, claimed)),
        )
        return self.identities.sign_in(identity, ISSUER)

    def _refused(self, why: str) -> SignInFailed:
        if self.identities.throttle.is_news(visitor().address):
            self.identities.refuse(why, ISSUER)
        return SignInFailed()

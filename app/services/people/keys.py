"""Keys for programs: they act for their person, within their scopes and bases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import delete
from sqlmodel import col, select

from app.db.engine import Database
from app.db.races import again_after_a_race
from app.db.tables import ApiKey, utc_now
from app.services.errors import Conflict, Invalid, NotFound
from app.services.people.access import ALL_SCOPES, Access, KeyScope
from app.services.people.accounts import Accounts
from app.services.people.audit import Audit, record
from app.services.people.authentication import KEY_PREFIX
from app.services.people.grants import scope_of
from app.services.people.sign_in.tokens import new_token, token_hash

_HINT_CHARS = 4
_NAME_CHARS = 120
_MAX_KEYS = 100  # of a person


@dataclass(frozen=True, slots=True)
class Keys:
    db: Database
    audit: Audit
    accounts: Accounts

    def of(self, person_id: str) -> Sequence[ApiKey]:
        """A person's keys that are not revoked, latest first; expired ones too."""
        with self.db.read() as session:
            return session.exec(
                select(ApiKey)
                .where(ApiKey.person_id == person_id, col(ApiKey.revoked_at).is_(None))
                .order_by(col(ApiKey.created_at).desc())
            ).all()

    def create_own(
        self,
        access: Access,
        password: str,
        name: str,
        scopes: Sequence[KeyScope],
        base_ids: Sequence[str] | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """As `create`, for who is signed in. A key outlives the session, so that one is not enough:
        raises also what `Accounts.confirm` raises."""
        if not access.unrestricted:  # else there are no passwords
            self.accounts.confirm(access, password, "key.create")
        return self.create(access, name, scopes, base_ids, expires_at)

    @again_after_a_race
    def create(
        self,
        access: Access,
        name: str,
        scopes: Sequence[KeyScope],
        base_ids: Sequence[str] | None = None,
        expires_at: datetime | None = None,
        *,
        person_id: str = "",
    ) -> tuple[ApiKey, str]:
        """A new key and its token, which is not stored: for the person, or another one.

        `base_ids` narrow what the person may see and never widen it; None leaves it as it is.
        Raises Invalid, Conflict, and NotFound for a base that the person may not see.
        """
        owner = person_id or access.person_id
        name = " ".join(name.split())
        if not 1 <= len(name) <= _NAME_CHARS or not name.isprintable():
            raise Invalid(f"A key's name has 1 to {_NAME_CHARS} characters.", code="bad_name")
        if not scopes or not ALL_SCOPES.issuperset(scopes):
            raise Invalid("A key is for one or more of ask, read, write, export; or for widget.")
        if "widget" in scopes and (len(set(scopes)) > 1 or not base_ids):
            # Everyone who looks at the web page has it.
            raise Invalid(
                "A key for a chat widget has no other scope, and names the bases it is for.",
                code="widget_alone",
            )
        if expires_at is not None and expires_at <= utc_now():
            raise Invalid("The key would have expired already.", code="expired")
        token = new_token(KEY_PREFIX)
        key = ApiKey(
            person_id=owner,
            name=name,
            token_hash=token_hash(token),
            hint=token[-_HINT_CHARS:],
            scopes=cast("list[str]", sorted(set(scopes))),
            base_ids=None if base_ids is None else sorted(set(base_ids)),
            expires_at=expires_at,
        )
        with self.db.write() as session:
            if base_ids and owner == access.person_id:
                scope_of(session, access, base_ids)
            session.exec(  # makes its name free
                delete(ApiKey).where(
                    col(ApiKey.person_id) == owner,
                    col(ApiKey.name) == name,
                    col(ApiKey.revoked_at).is_not(None),
                )
            )
            names = session.exec(
                select(ApiKey.name).where(
                    ApiKey.person_id == owner, col(ApiKey.revoked_at).is_(None)
                )
            ).all()
            if name in names:
                raise Conflict(f"There is a key {name!r} already.", code="name_taken")
            if len(names) >= _MAX_KEYS:
                raise Conflict(f"A person may have {_MAX_KEYS} keys.", code="too_many_keys")
            session.add(key)
            record(session, access, "key.create", "key", key.id, name=name, scopes=key.scopes)
        return key, token

    def revoke(self, access: Access, key_id: str, *, of: str = "") -> None:
        """Revokes a key of the person, or of another one given by `of`. Raises NotFound."""
        with self.db.write() as session:
            key = session.get(ApiKey, key_id)
            if key is None or key.person_id != (of or access.person_id) or key.revoked_at:
                raise NotFound("key", key_id)
            key.revoked_at = utc_now()
            session.add(key)
            record(session, access, "key.revoke", "key", key_id, name=key.name)

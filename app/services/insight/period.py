"""The time and the bases that figures are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from app.db.tables import utc_now
from app.services.errors import Invalid
from app.services.library.bases import get_base
from app.services.people.access import Access, Role
from app.services.people.grants import roles_in


@dataclass(frozen=True, slots=True)
class Period:
    """The last `days`, today included, as days begin in `zone`."""

    days: int
    zone: tzinfo

    @classmethod
    def of(cls, days: int, zone: str = "") -> "Period":
        """Raises Invalid for a name that is no time zone."""
        try:
            return cls(days, ZoneInfo(zone) if zone else UTC)
        except (ValueError, ZoneInfoNotFoundError, OSError) as error:
            raise Invalid(f"{zone!r} is no time zone.", code="time_zone") from error

    def dates(self) -> list[date]:
        """Oldest first."""
        today = utc_now().astimezone(self.zone).date()
        return [today - timedelta(days=back) for back in reversed(range(self.days))]

    @property
    def since(self) -> datetime:
        return datetime.combine(self.dates()[0], datetime.min.time(), self.zone)


def edited(session: Session, access: Access, base_id: str = "") -> Sequence[str]:
    """Ids of the bases that the person edits, or of the one. Raises NotFound, Forbidden."""
    if base_id:
        return [get_base(session, access, base_id, Role.EDITOR).id]
    roles = roles_in(session, access)
    return [id_ for id_, role in roles.items() if role >= Role.EDITOR]

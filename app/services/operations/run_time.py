"""Settings that administrators change while the service runs.

What the operator has set in the environment comes first and can't be changed here. Each API process
reads the stored values every few seconds, so a change reaches all of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from sqlmodel import col, select

from app.config import Settings
from app.db.engine import Database
from app.db.tables import StoredSetting, utc_now
from app.people_settings import RunTimeName
from app.services.errors import Invalid
from app.services.people.access import Access
from app.services.people.audit import record

REFRESH_S = 5.0
NAMES: tuple[RunTimeName, ...] = get_args(RunTimeName)
_MOST = 10**12
_MOST_DAYS = 36_500

Values = Mapping[RunTimeName, int]


@dataclass(frozen=True, slots=True)
class RunTimeSetting:
    """`most`: the largest value. `fixed`: the environment variable is set, and comes first."""

    name: RunTimeName
    value: int
    default: int
    most: int
    variable: str
    fixed: bool


@dataclass(slots=True, eq=False)
class RunTimeSettings:
    """`settings`: from the environment. `apply` makes values count in this process."""

    db: Database
    settings: Settings
    apply: Callable[[Values], None]
    _values: dict[RunTimeName, int] = field(default_factory=dict)

    def all(self) -> list[RunTimeSetting]:
        """As they are now."""
        self.refresh()
        return [
            RunTimeSetting(
                name,
                self._values[name],
                Settings.model_fields[name].default,
                _most(name),
                f"ZHIWEN_{name.upper()}",
                self._fixed(name),
            )
            for name in NAMES
        ]

    def change(self, access: Access, changes: Mapping[RunTimeName, int | None]) -> None:
        """None takes the default again. All of the changes or none: raises Invalid for a value
        that is out of range, or fixed in the environment."""
        for name, value in changes.items():
            if self._fixed(name):
                raise Invalid(
                    f"ZHIWEN_{name.upper()} is set where Zhiwen was started, which comes first.",
                    code="setting_fixed",
                )
            if value is not None and not 0 <= value <= _most(name):
                raise Invalid(
                    f"{name} must be from 0 to {_most(name)}.", code="setting_out_of_range"
                )
        with self.db.write() as session:
            for name, value in changes.items():
                stored = session.get(StoredSetting, name)
                if value is None:
                    if stored is not None:
                        session.delete(stored)
                else:
                    session.merge(StoredSetting(name=name, value=value, changed_at=utc_now()))
                record(session, access, "setting.change", "setting", name, value=value)
        self.refresh()

    def refresh(self) -> None:
        """Make what is stored count in this process."""
        with self.db.read() as session:
            stored = dict(
                session.exec(
                    select(StoredSetting.name, col(StoredSetting.value)).where(
                        col(StoredSetting.name).in_(NAMES)
                    )
                ).all()
            )
        values = {
            name: getattr(self.settings, name)
            if self._fixed(name) or name not in stored
            else int(stored[name])
            for name in NAMES
        }
        if values != self._values:
            self._values = values
            self.apply(values)

    def _fixed(self, name: RunTimeName) -> bool:
        return name in self.settings.model_fields_set


def _most(name: RunTimeName) -> int:
    return _MOST_DAYS if name.startswith("keep_") else _MOST

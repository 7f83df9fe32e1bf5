"""Updates stored times after a release with newer time zone data."""

import logging
from collections.abc import Callable

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from tzdata import IANA_VERSION

from service_runtime.periodic import Periodic

INTERVAL = 6 * 3600.0  # seconds
TABLE = """
create table zone_data (
    is_only boolean primary key default true check (is_only),
    version text not null,
    since timestamptz not null default now()
)
"""
REMEMBER = text("""
insert into zone_data as known (version) values (:version)
on conflict (is_only) do update set version = excluded.version, since = now()
    where known.version < excluded.version
""")
# During a rollout, pods with older data can still write after the first pod with newer data.
IS_NEW = text("""
select version = :version and since > now() - interval '2 days' from zone_data
""")

logger = logging.getLogger(__name__)


class ZoneUpdates(Periodic):
    """Calls `move` at the start, and then at intervals while the zone data are new.

    `move` updates stored times and returns their number. Data that are older than those of the
    table, for example after a rollback, change nothing.
    """

    def __init__(
        self,
        engine: Engine,
        move: Callable[[], int],
        version: str = IANA_VERSION,
        interval: float = INTERVAL,
    ) -> None:
        super().__init__(interval)
        self._engine, self._move, self._version = engine, move, version

    def work(self) -> None:
        try:
            self.update()
        except SQLAlchemyError:
            logger.exception("could not update times to the new zone data; trying again later")

    def update(self) -> int:
        """Update the stored times if the data are new; return the number of updated times."""
        with self._engine.begin() as connection:
            connection.execute(REMEMBER, {"version": self._version})
            is_new = connection.scalar(IS_NEW, {"version": self._version})
        moved = self._move() if is_new else 0
        logger.info("checked time zone data", extra={"version": self._version, "moved": moved})
        return moved

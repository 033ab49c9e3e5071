"""The silos' schemas: each has its own Alembic chain under `migrations/`, run here for all of them in turn."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError

from app.care.models import Base as CareBase
from app.config import ROOT
from app.db import SILOS, Databases, Silo, SiloUnavailable
from app.desk.models import Base as DeskBase
from app.front.models import Base as FrontBase
from app.identity.models import Base as IdentityBase
from app.ledger.models import Base as LedgerBase
from app.vault.models import Base as KeysBase

MIGRATIONS: Path = ROOT / "migrations"
METADATA: Mapping[Silo, MetaData] = {
    "front": FrontBase.metadata,
    "identity": IdentityBase.metadata,
    "care": CareBase.metadata,
    "desk": DeskBase.metadata,
    "keys": KeysBase.metadata,
    "ledger": LedgerBase.metadata,
}


def upgrade(db: Databases, revision: str = "head") -> None:
    """Bring every silo to a revision of its chain. Raises SiloUnavailable; a silo changes whole or not at all."""
    for silo in SILOS:
        upgrade_silo(db, silo, revision)


def upgrade_silo(db: Databases, silo: Silo, revision: str = "head") -> None:
    """Bring one silo forward to a revision."""
    with _changing(db, silo) as config:
        command.upgrade(config, revision)


def downgrade_silo(db: Databases, silo: Silo, revision: str) -> None:
    """Take one silo back to a revision (`base` empties it: its data are lost)."""
    with _changing(db, silo) as config:
        command.downgrade(config, revision)


def current(db: Databases, silo: Silo) -> str | None:
    """Return the revision a silo is at, or None when it has no schema yet."""
    with db.reading(silo) as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def head(silo: Silo) -> str | None:
    """Return the last revision of a silo's chain, as this release has it."""
    return ScriptDirectory.from_config(config_of(silo)).get_current_head()


def differences(db: Databases, silo: Silo) -> list[str]:
    """Say in what a silo's real schema differs from the models; an empty list is the right answer."""
    with db.reading(silo) as session:
        found = compare_metadata(MigrationContext.configure(session.connection()), METADATA[silo])
    return [str(difference) for difference in found]


def draft_revision(db: Databases, silo: Silo, message: str) -> None:
    """Write a new revision file from what the models have and the silo has not, for a person to correct."""
    with _changing(db, silo) as config:
        command.revision(config, message, autogenerate=True, version_path=str(MIGRATIONS / silo))


def config_of(silo: Silo, connection: Connection | None = None) -> Config:
    """Return Alembic's configuration of one silo's chain, bound to a connection when it is to run."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(MIGRATIONS / silo))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = METADATA[silo]
    return config


@contextmanager
def _changing(db: Databases, silo: Silo) -> Iterator[Config]:
    """Open one transaction that changes a silo's schema, and bind Alembic's configuration to it."""
    try:
        connection = db.engine(silo).execution_options(paravent_writing=True).connect()
    except DBAPIError as error:
        raise SiloUnavailable(silo) from error
    with connection, connection.begin():
        yield config_of(silo, connection)

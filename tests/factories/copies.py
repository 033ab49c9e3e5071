"""Every copy that an operator makes of an installation, and every key that must be in none of them in clear."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, select, text

from app.config import ROOT
from app.vault.keyfiles import KeyFiles
from app.vault.models import Secret
from app.vault.root import open_file
from app.vault.unlock import unlock_of
from tests.factories.cluster import Cluster
from tests.factories.installed import settings_in
from tests.factories.whole import Whole, database_of, until

_OUTGROWN = 300_000
"""So many bytes of a table's rows, some of them many times, outgrow the memory that the server may hold them in."""


def keys_of(whole: Whole) -> dict[str, bytes]:
    """Return every key there is: the root's, each silo's, of days, weeks, months and indexes, and each secret."""
    settings, keystore = settings_in(whole.settings.var, "worker"), whole.vault.keystore
    opened = open_file(settings.keystore, unlock_of(settings))
    found = {"root key": opened.root_key, "signing seed": opened.root.signing_seed}
    for name in opened.root.silo_keys:
        found |= {f"key of {name}, {number}": key for number, key in enumerate(opened.root.versions(name))}
    for kind, files in _files_of(whole).items():
        found |= {f"{kind} {name}": files.read(name).key for name in files.names()}
    with whole.db.reading("keys") as session:
        for pseudonym, purpose in session.execute(select(Secret.pseudonym, Secret.purpose)):
            found[f"secret {purpose} of {pseudonym}"] = keystore.get(session, pseudonym, purpose)
    return found


def _files_of(whole: Whole) -> dict[str, KeyFiles]:
    keystore = whole.vault.keystore
    held = keystore._holder.keys()
    files = {
        "epoch": held.epochs,
        "intake": held.intakes,
        "index": keystore.indexes,
        "ledger": keystore.months,
    }
    there = {path.name.partition("-")[0] for path in keystore.directory.glob("*-*.key")}
    assert there <= files.keys(), "a kind of key file that nobody looks for"
    return files


def copy_outside(whole: Whole) -> Path:
    """Make what is kept apart from the silos: a packed copy of the keystore, and the ledger's bundle."""
    folder = whole.root / "copies"
    folder.mkdir()
    with tarfile.open(folder / "keystore.tar.gz", "w:gz") as packed:
        packed.add(whole.settings.keystore, "keystore")
    command = [sys.executable, "-m", "app.cli.main", "ledger", "export", str(folder / "ledger.jsonl")]
    environ = {"PARAVENT_VAR": str(whole.settings.var), "PATH": os.environ["PATH"]}
    subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)  # noqa: S603 - our own command
    return folder


def copy_cluster(whole: Whole, cluster: Cluster) -> Path:
    """Archive the WAL to its end, take a base backup, and dump each database, as text and packed."""
    folder = whole.root / "backups"
    folder.mkdir()
    cluster.run("CHECKPOINT")
    ((segment,),) = cluster.ask("SELECT pg_walfile_name(pg_current_wal_lsn())")
    cluster.run("SELECT pg_switch_wal()")
    until((cluster.folder / "archive" / segment).exists)
    run_program(cluster, "pg_basebackup", "-D", str(folder / "base"), "-X", "stream")
    for name in ("postgres", *(database_of(url) for url in whole.settings.databases.values())):
        run_program(cluster, "pg_dump", "-f", str(folder / f"{name}.sql"), name)
        run_program(cluster, "pg_dump", "-Z", "6", "-f", str(folder / f"{name}.sql.gz"), name)
    return folder


def run_program(cluster: Cluster, name: str, *arguments: str) -> None:
    """Run one of the server's own programs as its superuser. Raises CalledProcessError."""
    where = ["-h", "127.0.0.1", "-p", str(cluster.port), "-U", "postgres"]
    environ = {"PGPASSWORD": str(cluster.admin.password), "PATH": os.environ["PATH"]}
    subprocess.run(  # noqa: S603 - the server's own program
        [str(cluster.programs / name), *where, *arguments], env=environ, check=True, capture_output=True
    )


@contextmanager
def spilled(whole: Whole, cluster: Cluster) -> Iterator[int]:
    """Hold every table in a temporary file of the server, as a large sort does; yield how many files there are."""
    names = ["postgres", *(database_of(url) for url in whole.settings.databases.values())]
    with ExitStack() as held:
        for name in names:
            engine = create_engine(cluster.admin.set(database=name))
            held.callback(engine.dispose)
            _spill(held.enter_context(engine.connect()))
        yield len(list(cluster.folder.glob("data/base/pgsql_tmp/*")))


def _spill(connection: Connection) -> None:
    for number, table in enumerate(inspect(connection).get_table_names()):
        sizes = f'SELECT count(*), sum(pg_column_size(t.*)) FROM "{table}" AS t'  # noqa: S608 - a name of the catalogue
        rows, size = connection.execute(text(sizes)).one()
        if rows:
            times = _OUTGROWN // size + 1
            many = f'SELECT t.* FROM generate_series(1, {times}), "{table}" AS t'  # noqa: S608 - the same
            connection.execute(text(f"DECLARE kept{number} CURSOR WITH HOLD FOR {many}"))
    connection.commit()

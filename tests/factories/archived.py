"""A house on a PostgreSQL server that archives its logs and of which a base backup is kept, seen by its worker."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.factories.cluster import Cluster, own_cluster
from tests.factories.house import House
from tests.factories.zoned import build_zoned

Files = Callable[[], Iterator[Path]]


@contextmanager
def archived(root: Path) -> Iterator[tuple[House, House, Files]]:
    """Give the house as its owner and as the worker's own logins see it, and what finds the files of the keys silo.

    Those are its tables as the disk has them, the server's log and its archive, and a base backup. Skips where the
    server's programs are missing.
    """
    with own_cluster(_archiving) as cluster:
        zoned = build_zoned(root, cluster.admin_url)
        try:
            backup = root / "base-backup"
            _base_backup(cluster, backup)
            yield zoned.owner, zoned.zones["worker"], lambda: _files(cluster, backup)
        finally:
            zoned.dispose()


def _archiving(folder: Path) -> tuple[str, ...]:
    archive = folder / "archive"
    archive.mkdir()
    archive.chmod(0o777)  # the folder is the server's own
    return "wal_level=replica", "archive_mode=on", f"archive_command=cp %p {archive}/%f", "full_page_writes=on"


def _files(cluster: Cluster, backup: Path) -> Iterator[Path]:
    cluster.run("CHECKPOINT", "SELECT pg_switch_wal()")
    ((number,),) = cluster.ask("SELECT oid FROM pg_database WHERE datname = 'paravent_keys'")
    data, tables = cluster.folder / "data", Path("base") / str(number)
    for folder in (data / tables, backup / tables, data / "pg_wal", cluster.folder / "archive"):
        yield from (path for path in folder.iterdir() if path.is_file())


def _base_backup(cluster: Cluster, folder: Path) -> None:
    program = shutil.which("pg_basebackup") or cluster.programs / "pg_basebackup"
    where = ["-h", "127.0.0.1", "-p", str(cluster.port), "-U", "postgres", "-D", str(folder)]
    environment = {**os.environ, "PGPASSWORD": str(cluster.admin.password)}
    subprocess.run(  # noqa: S603 - the server's own program
        [program, *where, "-X", "none", "--no-sync"], check=True, capture_output=True, env=environment
    )

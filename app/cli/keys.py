"""`paravent keys`: the keystore's locks, its custodians, its state. What each does is in docs/keys.md.

No command takes a share, a PIN or a passphrase as an argument, and none writes a share to a file.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from app.cli import keys_backup, keys_ceremony, keys_locks, keys_recovery, keys_restore, keys_state
from app.cli.environment import settings_of, silos_of
from app.cli.keys_table import Table
from app.cli.keys_terminal import Console
from app.clock import system_clock
from app.vault.errors import CeremonyRefused

_Given = argparse.Namespace


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = commands.add_parser("keys", help="the keystore: its locks, custodians and state")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("status", help="say how the keystore opens, and what each key holds").set_defaults(
        act=_status
    )
    _declare(actions.add_parser("seal", help="stop every use of the keys, at once"), _seal)
    unseal = _declare(actions.add_parser("unseal", help="let the keys be used again"), _unseal)
    unseal.add_argument(
        "--ledger-lost", action="store_true", help="restored: though the ledger can't tell all that was destroyed"
    )
    _add_copies(actions)
    ceremony = _declare(
        actions.add_parser("ceremony", help="give custodians their shares, at this terminal"), _ceremony
    )
    ceremony.add_argument("--threshold", type=int, required=True, help="how many shares open the keystore")
    ceremony.add_argument("--shares", type=int, required=True, help="how many there are")
    ceremony.add_argument("--hsm", action="store_true", help="add a lock by the HSM's key too")
    revoke = _declare(actions.add_parser("revoke", help="make the custodians' shares worthless"), _revoke)
    revoke.add_argument("--threshold", type=int, help="how many new shares will open the keystore")
    revoke.add_argument("--shares", type=int, help="how many there will be")
    revoke.add_argument("--no-shares", action="store_true", help="make no new ones")
    recover = _by_shares(
        actions.add_parser("recover", help="open by shares, and give a new way to unlock"), _recover
    )
    recover.add_argument(
        "--key-file", type=Path, help="a key file, made unless it is there (default: a passphrase)"
    )
    _by_shares(actions.add_parser("drill", help="recover a copy aside, and change nothing"), _drill)
    lock = _declare(actions.add_parser("lock", help="add or remove a way to unlock"), _lock)
    way = lock.add_mutually_exclusive_group(required=True)
    way.add_argument("--passphrase", action="store_true", help="add a passphrase, typed")
    way.add_argument("--key-file", type=Path, help="add a key file, made unless it is there")
    way.add_argument("--hsm", action="store_true", help="add the HSM's key, made unless it is there")
    way.add_argument("--remove", metavar="LOCK", help="remove a lock, never the last one")
    rotate = _declare(actions.add_parser("rotate", help="draw keys anew"), _rotate)
    rotate.add_argument("what", choices=("root", "silo", "epoch", "intake"), help="which keys")
    rotate.add_argument("--retire", action="store_true", help="silo: forget the former versions")
    rotate.add_argument("--shares-fd", type=int, help="root: read shares from this descriptor")


def _add_copies(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = _declare(actions.add_parser("backup", help="copy keystore and keys silo, for some days"), _backup)
    backup.add_argument("folder", type=Path, nargs="?", help="where (default: PARAVENT_KEYSTORE_BACKUPS)")
    restore = _declare(actions.add_parser("restore", help="put a copy in place, and leave it sealed"), _restore)
    restore.add_argument("copy", type=Path, help="the folder of one copy, named by its time")
    restore.add_argument("--over", action="store_true", help="replace what is there, with two administrators")


def _status(_given: _Given, environ: Mapping[str, str]) -> int:
    return _at_table(environ, keys_state.status)


def _seal(given: _Given, environ: Mapping[str, str]) -> int:
    return _at_table(environ, lambda table: keys_state.seal(table, dry_run=given.dry_run))


def _unseal(given: _Given, environ: Mapping[str, str]) -> int:
    return _at_table(
        environ, lambda table: keys_state.unseal(table, ledger_lost=given.ledger_lost, dry_run=given.dry_run)
    )


def _backup(given: _Given, environ: Mapping[str, str]) -> int:
    return _at_table(environ, lambda table: keys_backup.back_up(table, given.folder, dry_run=given.dry_run))


def _restore(given: _Given, environ: Mapping[str, str]) -> int:
    def put(table: Table) -> int:
        return keys_restore.restore(table, given.copy, over=given.over, dry_run=given.dry_run)

    return _at_table(environ, put)


def _ceremony(given: _Given, environ: Mapping[str, str]) -> int:
    def hold(table: Table) -> int:
        return keys_ceremony.hold_ceremony(
            table, given.threshold, given.shares, hsm=given.hsm, dry_run=given.dry_run
        )

    return _at_table(environ, hold)


def _revoke(given: _Given, environ: Mapping[str, str]) -> int:
    wanted = (given.threshold, given.shares)
    if given.no_shares == (wanted != (None, None)) or (None in wanted and not given.no_shares):
        raise CeremonyRefused("say --threshold and --shares for new shares, or --no-shares")
    shares = None if given.no_shares else wanted
    return _at_table(environ, lambda table: keys_locks.revoke(table, shares, dry_run=given.dry_run))


def _recover(given: _Given, environ: Mapping[str, str]) -> int:
    if given.keystore:
        return keys_recovery.recover_apart(
            Console(), given.keystore, key_file=given.key_file, shares_fd=given.shares_fd, dry_run=given.dry_run
        )

    def recover(table: Table) -> int:
        return keys_recovery.recover(
            table, key_file=given.key_file, shares_fd=given.shares_fd, dry_run=given.dry_run
        )

    return _at_table(environ, recover)


def _drill(given: _Given, environ: Mapping[str, str]) -> int:
    def drill(table: Table) -> int:
        return keys_recovery.drill(table, given.keystore, shares_fd=given.shares_fd, dry_run=given.dry_run)

    return _at_table(environ, drill)


def _lock(given: _Given, environ: Mapping[str, str]) -> int:
    def change(table: Table) -> int:
        if given.remove:
            return keys_locks.remove_lock(table, given.remove, dry_run=given.dry_run)
        return keys_locks.add_lock(table, key_file=given.key_file, hsm=given.hsm, dry_run=given.dry_run)

    return _at_table(environ, change)


def _rotate(given: _Given, environ: Mapping[str, str]) -> int:
    def rotate(table: Table) -> int:
        if given.what == "root":
            return keys_locks.rotate_root(table, shares_fd=given.shares_fd, dry_run=given.dry_run)
        if given.what == "silo":
            turn = keys_locks.retire_silo if given.retire else keys_locks.rotate_silo
            return turn(table, dry_run=given.dry_run)
        return keys_state.turn_epochs(table, dry_run=given.dry_run)

    return _at_table(environ, rotate)


def _at_table(environ: Mapping[str, str], act: Callable[[Table], int]) -> int:
    """Do a command with the settings' silos, this machine's clock and this terminal."""
    settings = settings_of(environ)
    db = silos_of(settings)
    try:
        return act(Table(settings, db, system_clock, Console(), time.sleep))
    finally:
        db.dispose()


def _declare(
    parser: argparse.ArgumentParser, act: Callable[[_Given, Mapping[str, str]], int]
) -> argparse.ArgumentParser:
    parser.add_argument("--dry-run", action="store_true", help="check, say what would be done, and change nothing")
    parser.set_defaults(act=act)
    return parser


def _by_shares(
    parser: argparse.ArgumentParser, act: Callable[[_Given, Mapping[str, str]], int]
) -> argparse.ArgumentParser:
    parser.add_argument("--keystore", type=Path, help="the folder of a copy (default: the settings' own)")
    parser.add_argument("--shares-fd", type=int, help="read shares from this descriptor, one a line")
    return _declare(parser, act)

"""The ceremony: custodians receive their shares one by one, and prove them before anything is written."""

from secrets import SystemRandom

from app.cli.keys_table import Table, opened_here, save
from app.cli.keys_terminal import GivenUp, Terminal, collect
from app.config import Token
from app.vault.custodians import Custody, combine, split
from app.vault.errors import CeremonyRefused, SharesRefused, UnlockMissing
from app.vault.rekeying import with_lock
from app.vault.root import Opened
from app.vault.sealing import new_secret
from app.vault.unlock import Lock, custodians_lock, token_lock

_ALIKE = 4
"""The first words of a share say which ceremony and which share it is: they prove nothing of the rest."""
_WORDS_DRAWN = 2
_TRIES = 3
_A_ROW = 3


def hold_ceremony(table: Table, threshold: int, count: int, *, hsm: bool = False, dry_run: bool = False) -> int:
    """Give the keystore custodians, `threshold` of `count`; with `hsm`, a lock by the HSM's key as well.

    Nothing is written before each custodian has retyped two words and enough shares were proven together. Raises
    CeremonyRefused, GivenUp, NoTerminal, LedgerUnavailable and KeystoreError.
    """
    opened = opened_here(table, table.unlock())
    if _has_custodians(opened):
        raise CeremonyRefused(
            "there are custodians already: `paravent keys revoke` takes their shares' power first"
        )
    token = hsm_of(table) if hsm else None
    if dry_run:
        split(new_secret(), threshold, count, table.clock().date())
        table.terminal.say(
            f"Would show {count} shares, one at a time, prove {threshold} of them together, and add the lock. "
            "Nothing was made."
        )
        return 0
    new, key = shares_proven(table, threshold, count)
    changed = with_lock(opened, new, key)
    if token:
        changed = with_lock(changed, *_by_token(token))
    save(table, changed, "ceremony")
    table.terminal.say(f"Done: any {threshold} of the {count} shares open this keystore. Lock {new.id}.")
    return 0


def shares_proven(table: Table, threshold: int, count: int) -> tuple[Lock, bytes]:
    """Make shares, hand them over and have them proven; return the lock they open, and its key.

    Raises CeremonyRefused, GivenUp, NoTerminal, SharesMissing.
    """
    recovery_key = new_secret()
    custody, shares = split(recovery_key, threshold, count, table.clock().date())
    for place, share in enumerate(shares, 1):
        _hand_over(table.terminal, custody, place, share)
    table.terminal.say("Now prove them: enough custodians type their shares from their sheets.")
    if combine(collect(table.terminal, custody), custody) != recovery_key:
        raise SharesRefused("the shares typed do not give the key back: nothing was written; begin again")
    return custodians_lock(custody, recovery_key)


def hsm_of(table: Table) -> Token:
    """Return the HSM's token that the settings name. Raises UnlockMissing."""
    if table.settings.token is None:
        raise UnlockMissing("the settings name no HSM: set PARAVENT_PKCS11_MODULE and what goes with it")
    return table.settings.token


def _by_token(token: Token) -> tuple[Lock, bytes]:
    from app.vault.token_root import ensure_key  # Here, so that what has no HSM never loads its library.

    ensure_key(token)
    return token_lock(token)


def _hand_over(terminal: Terminal, custody: Custody, place: int, share: str) -> None:
    """Show a share to one custodian until two words of it, drawn at random, were typed right."""
    words = share.split()
    head = f"Share {place} of {custody.count}, ceremony {custody.ceremony} of {custody.held_on}. "
    head += f"For one custodian alone. Any {custody.threshold} shares open the keystore.\n"
    try:
        for _ in range(_TRIES):
            terminal.show_alone("\n".join((head, *_rows(words))))
            terminal.ask("\nWrite every word down with its number, then press Enter: ")
            terminal.clear()
            if _retyped(terminal, words):
                return
            terminal.say("Not the same words. The share is shown again.")
    finally:
        terminal.clear()
    raise GivenUp(
        f"share {place} was not retyped in {_TRIES} tries: nothing was written, and no share is worth anything"
    )


def _retyped(terminal: Terminal, words: list[str]) -> bool:
    drawn = sorted(SystemRandom().sample(range(_ALIKE, len(words)), _WORDS_DRAWN))
    return all(terminal.ask_hidden(f"Word {at + 1}: ").strip().lower() == words[at] for at in drawn)


def _rows(words: list[str]) -> list[str]:
    numbered = [f"{number:2}. {word:<10}" for number, word in enumerate(words, 1)]
    return ["  " + "  ".join(numbered[at : at + _A_ROW]).rstrip() for at in range(0, len(numbered), _A_ROW)]


def _has_custodians(opened: Opened) -> bool:
    return any(isinstance(one.lock.terms, Custody) for one in opened.head.held)

"""The shred drill: patients, an attacker who keeps all there ever was, three ways to withdraw, and time."""

import base64
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.config import WordsCost
from app.retention import BACKUPS_KEPT, GRACE
from app.vault import withdrawals
from app.vault.keystore import Unlock
from app.vault.posting import keep_space_secret
from app.vault.words import WordKeys, derive_word_keys, open_with_words, seal_to_words
from app.worker.loop import Round, rounds, turn
from tests.factories.attacker import PURPOSES, Found, Loot, attack, attack_letters, attack_with
from tests.factories.house import House
from tests.unit.worker.agenda import staff_change
from tests.unit.worker.sending import Sent, leave_action, submit

KEPT_DAYS = 1
"""The installation's setting: a file's term comes within the drill."""
_COST = WordsCost(memory_kib=64, passes=1)
SENT_BEFORE = timedelta(days=1)
"""How long before the others the first patient sends, whose term comes then. What the others withdraw was
sent just before, and their letters are as young as can be."""


@dataclass
class Drill:
    """One installation, as its worker sees it too; `keys_files` gives the keys silo's tables, logs and archives."""

    house: House
    worker: House
    patients: int
    keys_files: Callable[[], Iterator[Path]]
    sents: list[Sent] = field(default_factory=list)
    loot: Loot = field(default_factory=Loot)
    words: dict[UUID, WordKeys] = field(default_factory=dict)
    copies: list[tuple[datetime, Path]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Set the worker's rounds up."""
        self.todo: tuple[Round, ...] = rounds(
            self.worker.db, self.worker.vault, self.worker.clock, kept_days=KEPT_DAYS
        )

    @property
    def everything(self) -> set[Found]:
        """Every object of every patient."""
        return self.of(self.sents)

    def of(self, sents: Iterable[Sent]) -> set[Found]:
        """Return every object of some patients."""
        return {(sent.pseudonym, purpose) for sent in sents for purpose in PURPOSES}

    def send(self) -> None:
        """Let every patient send; all but the first one's visit is far off. The attacker copies what passes."""
        self._send_one(timedelta(hours=6))
        self._take_in()
        self.go_on(SENT_BEFORE, timedelta(hours=6))
        for _ in range(1, self.patients):
            self._send_one(timedelta(days=60))
        self._take_in()

    def _send_one(self, visit_in: timedelta) -> None:
        starts = self.house.clock() + visit_in
        self.sents.append(submit(self.house, Sent(), starts_at=starts.isoformat()))
        self._make_words(self.sents[-1])

    def _make_words(self, sent: Sent) -> None:
        """Seal the secret of a space to code words, as a sending does; the attacker copies that too."""
        keys = self.words[sent.submission] = derive_word_keys(sent.submission.hex, b"0" * 16, _COST)
        document = {"schema": 1, "space": base64.b64encode(sent.secrets["space"]).decode()}
        sealed = seal_to_words(keys.public_bytes, document, sent.submission)
        with self.house.db.writing("keys") as session:
            keep_space_secret(session, keys.locator, sent.submission, sealed, self.house.clock())
        self.loot.for_words[sent.submission] = sealed

    def _take_in(self) -> None:
        self.loot.copy_mailbox(self.house.db)
        self.work()
        self.loot.copy_silos(self.house.db)

    def work(self) -> None:
        """Let the worker do all its rounds, twice, with what it waits for in between, and the attacker copy."""
        for _ in range(2):
            turn(self.todo, self.house.clock)
            self.house.clock.forward(minutes=11)
        self.loot.copy_files(self.keys_files())

    def go_on(self, duration: timedelta, step: timedelta) -> None:
        """Let time pass, the worker at work at each step; copies of the keystore are made, and go by the regime."""
        until = self.house.clock() + duration
        while self.house.clock() < until:
            self.house.clock.now = min(self.house.clock() + step, until)
            self.work()
            self._roll_copies()

    def withdraw(self) -> set[Found]:
        """Let two patients erase, one of whom was seen, and staff one file, while the first one's term comes.

        Returns what is to be destroyed of it all.
        """
        ended, asked, seen, staffs = self.sents[:4]
        self._mark_seen(seen)
        leave_action(self.house, asked, "erase", "booked", cancels=True)
        leave_action(self.house, seen, "erase", "seen")
        self.erase_by_staff(staffs)
        return self.of((ended, asked, staffs)) | {(seen.pseudonym, "space")}

    def erase_by_staff(self, sent: Sent) -> None:
        """Withdraw a file as the clinic's administrators do."""
        now = self.house.clock()
        with self.house.db.writing("keys") as session:
            withdrawals.withdraw(session, sent.pseudonym, PURPOSES, "staff", now, now + GRACE)

    def opens(self, *more: Path) -> set[Found]:
        """Let the attacker try: with the live keystore, the copies that the regime left, and others given."""
        folders = [self.house.root / "keystore", *(folder for _, folder in self.copies), *more]
        return attack(self.loot, folders, self.unlock)

    def opens_with_words(self, sent: Sent) -> set[Found]:
        """Let somebody with the code words of a space and an old raw copy of what was sealed to them try."""
        document = open_with_words(
            self.words[sent.submission], self.loot.for_words[sent.submission], sent.submission
        )
        return attack_with(self.loot, base64.b64decode(document["space"]))

    def opens_live(self) -> set[Found]:
        """Let the attacker try with the live keystore alone."""
        return attack(self.loot, [self.house.root / "keystore"], self.unlock)

    def opens_by_letters(self) -> set[Found]:
        """Let the attacker try what was in the mailbox alone, with the live keystore."""
        return attack_letters(self.loot, [self.house.root / "keystore"], self.unlock)

    @property
    def unlock(self) -> Unlock:
        """What opens the root."""
        return Unlock(key_file=self.house.root / "unlock")

    def keep_a_copy(self, name: str) -> Path:
        """Copy the keystore's folder, against the regime."""
        kept = self.house.root / name
        shutil.copytree(self.house.root / "keystore", kept)
        kept.chmod(0o700)
        return kept

    def _roll_copies(self) -> None:
        now = self.house.clock()
        if not self.copies or self.copies[-1][0] <= now - timedelta(days=1):
            self.copies.append((now, self.keep_a_copy(f"copy-{now:%Y%m%dT%H%M}")))
        for old in [one for one in self.copies if one[0] <= now - BACKUPS_KEPT]:
            shutil.rmtree(old[1])
            self.copies.remove(old)

    def _mark_seen(self, sent: Sent) -> None:
        staff_change(self.house, sent, "seen")

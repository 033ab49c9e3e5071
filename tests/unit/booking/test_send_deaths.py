"""A sending killed around any of its commits is sent again as if nothing had happened: once, and whole."""

import base64
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.booking.draft import Draft
from app.booking.entrance import enter
from app.booking.errors import DraftGone
from app.booking.journey import Funnel, place
from app.booking.outlook import Outlook
from app.booking.send import send
from app.booking.signed import signed_in
from app.booking.submission import Entered
from app.booking.words import WordsLock, keep_words, lock_of
from app.db import Databases
from app.front.models import Draft as DraftRow
from app.front.models import Hold, SlotCell, Space, Submission
from app.vault.intake import load_intake_key
from app.vault.models import MailboxEntry, SpaceSecret
from app.vault.tokens import new_token
from app.vault.words import WordsGate
from tests.factories.house import House
from tests.factories.mortal import Killed, MortalDatabases, killed_everywhere
from tests.factories.patient import Parcel, parcel_of
from tests.factories.walk import a_funnel, walk


@dataclass
class Sender:
    """A patient who walks to the last page, sends, and sends again when the page does not come."""

    house: House
    funnel: Funnel
    act: str
    token: bytes = b""
    words: str = ""
    parcel: Parcel | None = None

    def walks(self) -> None:
        """Answer everything."""
        self.token = new_token()
        self.words = " ".join(walk(self.funnel, self.token, act=self.act).draft.journey.words)
        self.parcel = parcel_of(self.house, self.token)

    def sends(self, db: Databases) -> UUID:
        """Send with these silos."""
        draft, outlook, lock = self._ready()
        house = self.house
        key = load_intake_key(house.root / "public", house.keystore.verify_key, house.clock())
        return send(replace(self.funnel, db=db), key, draft, outlook, lock, Entered())

    def _ready(self) -> tuple[Draft, Outlook, WordsLock]:
        here = place(self.funnel, self.token, "fr", 8)
        return here.draft, here.outlook, lock_of(self.funnel, WordsGate(), here.draft)


def count(house: House, silo: str, model: type, *where: object) -> int:
    with house.db.reading(silo) as session:  # type: ignore[arg-type]  # a silo's name
        return session.scalar(select(func.count()).select_from(model).where(*where)) or 0  # type: ignore[arg-type]


def nothing_is_doubled_and_nothing_is_lost(sender: Sender) -> None:
    """Look at every silo, and open what the clinic and the patient would open."""
    house, parcel = sender.house, sender.parcel
    assert parcel is not None
    assert count(house, "front", Submission, Submission.id == parcel.submission) == 1
    assert count(house, "keys", MailboxEntry, MailboxEntry.submission == parcel.submission) == 1
    assert count(house, "keys", SpaceSecret, SpaceSecret.submission == parcel.submission) == 1
    assert count(house, "front", DraftRow) == 0
    assert count(house, "front", Hold) == 0
    assert count(house, "front", Space) == count(house, "front", Submission)
    booked = sender.act == "0101"
    assert count(house, "front", SlotCell, SlotCell.owner == parcel.submission) == (24 if booked else 0)
    assert count(house, "front", SlotCell, SlotCell.kind == "hold") == 0
    assert [one.name for one in house.events_for(parcel.pseudonym)][:1] == ["submission.sent"]
    with house.db.reading("front") as session:
        row = session.get_one(Submission, parcel.submission)
    with house.db.reading("keys") as session:
        entry = session.scalars(select(MailboxEntry).where(MailboxEntry.submission == parcel.submission)).one()
    posted = house.keystore.open_intake(entry.epoch, entry.sealed, parcel.submission)
    assert {purpose: base64.b64decode(secret) for purpose, secret in posted["secrets"].items()} == parcel.secrets
    assert parcel.opened(row.sealed_contact, "identity.contact", "contact")["call_name"] == "Zoé"
    assert parcel.opened(row.sealed_care, "care.answers", "care")["answers"]
    assert enter(sender.funnel, WordsGate(), sender.words, "192.0.2.1") is not None


@pytest.mark.parametrize("act", ["0101", "0105"])
def test_killed_between_any_two_commits_a_sending_is_done_once_when_repeated(house: House, act: str) -> None:
    sender = Sender(house, a_funnel(house), act)

    def first(dying: Databases) -> None:
        sender.walks()
        sender.sends(dying)

    def again() -> None:
        try:
            assert sender.parcel is not None
            assert sender.sends(house.db) == sender.parcel.submission
        except DraftGone:
            pass  # the commit point was passed before the death
        nothing_is_doubled_and_nothing_is_lost(sender)

    deaths = killed_everywhere(house.db, first, again)
    assert deaths == 2 * 3, "a sending has three commits: ledger, keys, front"
    nothing_is_doubled_and_nothing_is_lost(sender)


def test_killed_before_the_last_commit_nothing_has_happened_for_anybody(house: House) -> None:
    sender = Sender(house, a_funnel(house), "0101")
    sender.walks()
    with pytest.raises(Killed):
        sender.sends(MortalDatabases(house.db, before=3))
    assert count(house, "front", Submission) == count(house, "front", Space) == 0
    assert count(house, "front", SlotCell, SlotCell.kind == "appointment") == 0
    assert count(house, "front", SlotCell, SlotCell.kind == "hold") == 24
    assert place(sender.funnel, sender.token, "fr", 8).draft.journey.answers["reach"]["name"] == "Zoé"


def test_words_taken_before_a_death_lead_back_to_the_unsent_journey(house: House) -> None:
    sender = Sender(house, a_funnel(house), "0101")
    sender.walks()
    keep_words(sender.funnel, WordsGate(), sender.token)
    with pytest.raises(Killed):
        sender.sends(MortalDatabases(house.db, before=3))
    taken_up = enter(sender.funnel, WordsGate(), sender.words, "192.0.2.1")
    assert taken_up is not None
    sender.token = taken_up
    with house.db.reading("front") as session:
        assert signed_in(session, sender.token, house.clock()) is None, "signed in to a space that is not there"
    sender.sends(house.db)
    nothing_is_doubled_and_nothing_is_lost(sender)


def test_sending_the_same_draft_object_again_changes_nothing(house: House) -> None:
    sender = Sender(house, a_funnel(house), "0101")
    sender.walks()
    draft, outlook, lock = sender._ready()
    key = load_intake_key(house.root / "public", house.keystore.verify_key, house.clock())
    assert len({send(sender.funnel, key, draft, outlook, lock, Entered()) for _ in range(5)}) == 1
    nothing_is_doubled_and_nothing_is_lost(sender)

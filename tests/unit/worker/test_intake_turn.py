"""An intake's private key is gone soon after the next one has taken over, and no letter is lost by that.

The one thing that must never be is a letter that was accepted and that nobody can open: whoever comes with a key
that is about to go is refused before anything counts as sent.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.booking.journey import Funnel, place
from app.booking.send import send
from app.booking.submission import Entered
from app.booking.words import lock_of
from app.db import SiloUnavailable
from app.desk.models import Visit
from app.vault.closing import REMEMBERED, closings
from app.vault.errors import IntakeEpochMissing, KeystoreDamaged
from app.vault.hybrid import new_seed, public_of
from app.vault.intake import IntakeKey, load_intake_key, seal_for_intake, signed_document, validity
from app.vault.keystore import SETTLE
from app.vault.models import MailboxEntry
from app.vault.posting import post_secrets
from app.vault.tokens import new_token
from app.vault.words import WordsGate
from app.worker.epochs import turn_keys
from app.worker.intake import take_in
from app.worker.loop import rounds, turn
from app.worker.patient_actions import carry_actions
from tests.factories.house import House
from tests.factories.mortal import killed_everywhere
from tests.factories.walk import a_funnel, walk
from tests.unit.worker.sending import Sent, leave_action, submit

FIRST, NEXT = "2026-11-23", "2026-11-23T12"
"""The half-day in which a house's clock begins, and the one after."""
NOON = validity(NEXT)[0]


def pairs(house: House) -> list[str]:
    """Return the pairs whose private keys there are."""
    return list(house.keystore.names()["intake"])


def published(house: House) -> list[str]:
    """Return the names of the public files."""
    return sorted(path.name for path in (house.root / "public").glob("intake-*"))


def after_minutes(house: House, *waits: float) -> None:
    """Let the worker turn its keys after each wait."""
    for minutes in waits:
        house.clock.forward(minutes=minutes)
        turn_keys(house.db, house.vault, house.clock)


def at_noon(house: House) -> None:
    """Move on to the next half-day, and let the worker make its keys."""
    turn_keys(house.db, house.vault, house.clock)
    house.clock.now = NOON
    after_minutes(house, 0)


def key_now(house: House) -> IntakeKey:
    """Load the key that a sending would seal to."""
    return load_intake_key(house.root / "public", house.keystore.verify_key, house.clock())


def mailbox(house: House) -> Sequence[MailboxEntry]:
    """Return the mailbox's rows."""
    with house.db.reading("keys") as session:
        return session.scalars(select(MailboxEntry)).all()


def test_a_pair_settles_is_closed_settles_again_and_goes(house: House) -> None:
    at_noon(house)
    after_minutes(house, 9.9)
    assert published(house) == [f"intake-{FIRST}.json", f"intake-{NEXT}.json"]

    after_minutes(house, 0.1)
    assert (pairs(house), published(house)) == ([FIRST, NEXT], [f"intake-{NEXT}.json"])
    with house.db.reading("keys") as session:
        assert closings(session) == {FIRST: house.clock()}
    after_minutes(house, 9.9)
    assert pairs(house) == [FIRST, NEXT]

    after_minutes(house, 0.1)
    assert pairs(house) == [NEXT]
    gone = [one.fields for one in house.contents("epoch.destroyed") if one.fields["kind"] == "intake"]
    assert [one["epoch"] for one in gone] == [FIRST]


def test_a_private_key_waits_for_the_letters_that_are_sealed_to_it(house: House) -> None:
    sent = submit(house, Sent())
    at_noon(house)
    after_minutes(house, 11, 11, 30)
    assert FIRST in pairs(house)

    assert take_in(house.db, house.vault, house.clock) == 1
    after_minutes(house, 1)

    assert FIRST not in pairs(house)
    with house.db.reading("keys") as session:
        assert house.keystore.get(session, sent.pseudonym, "care") == sent.secrets["care"]


@pytest.mark.parametrize("minutes", [0, 9, 10, 19, 21, 40])
def test_who_sends_with_a_key_of_before_is_taken_in_or_refused_and_can_send_again(
    house: House, minutes: int
) -> None:
    """A patient process whose folder of public keys is a stale copy: what is refused was not sent, and is kept."""
    house.clock.now = NOON - timedelta(minutes=10)
    funnel, token = a_funnel(house), new_token()
    walk(funnel, token)
    stale = key_now(house)
    at_noon(house)
    after_minutes(house, *[1] * minutes)

    if minutes < 10:
        sends(funnel, token, stale)
    else:
        with pytest.raises(SiloUnavailable):
            sends(funnel, token, stale)
        assert list(mailbox(house)) == []
        sends(funnel, token, key_now(house))
    after_minutes(house, 11, 11)

    assert take_in(house.db, house.vault, house.clock) == 1
    with house.db.reading("desk") as session:
        assert session.scalar(select(func.count()).select_from(Visit)) == 1


def sends(funnel: Funnel, token: bytes, key: IntakeKey) -> None:
    """Send a journey that was walked to its last page, with a key."""
    here = place(funnel, token, "fr", 8)
    send(funnel, key, here.draft, here.outlook, lock_of(funnel, WordsGate(), here.draft), Entered())


@pytest.mark.parametrize("into_the_half_day", [timedelta(0), timedelta(hours=6), timedelta(hours=12, seconds=-1)])
def test_what_is_sent_and_withdrawn_at_any_moment_has_no_letter_that_opens_after_a_day(
    house: House, into_the_half_day: timedelta
) -> None:
    """With every round of the worker; who holds the root and a raw copy of the letter opens it until then."""
    house.clock.now = NOON
    todo = rounds(house.db, house.vault, house.clock)
    turn(todo, house.clock)
    house.clock.now += into_the_half_day
    sent = submit(house, Sent())
    (letter,) = mailbox(house)
    turn(todo, house.clock)
    withdrawn_at = house.clock()
    leave_action(house, sent, "erase", "booked", cancels=True)
    assert carry_actions(house.db, house.vault, house.clock) == 1
    assert opened(house, letter) == sent.mailbox(), "the letter opens at first"

    house.clock.now = NOON + timedelta(hours=12)
    turn(todo, house.clock)
    while opened(house, letter):
        house.clock.forward(minutes=1)
        turn(todo, house.clock)

    assert house.clock() - withdrawn_at <= timedelta(hours=12) + 2 * SETTLE


def opened(house: House, letter: MailboxEntry) -> dict[str, Any] | None:
    """Open a letter with what the keystore still has."""
    try:
        return house.keystore.open_intake(letter.epoch, letter.sealed, letter.submission)
    except IntakeEpochMissing:
        return None


def test_rows_posted_by_who_holds_the_patient_zone_keep_a_key_for_an_hour_more_at_most(house: House) -> None:
    todo = rounds(house.db, house.vault, house.clock)
    turn(todo, house.clock)
    house.clock.now = NOON
    for minute in range(150):
        try:
            with house.db.writing("keys") as session:
                post_secrets(session, uuid4(), FIRST, b"no such thing", house.clock())
        except SiloUnavailable:
            assert minute >= 10
        turn(todo, house.clock)
        if FIRST not in pairs(house):
            break
        house.clock.forward(minutes=1)
    assert FIRST not in pairs(house)
    assert house.clock() - NOON <= timedelta(hours=1, minutes=2) + 2 * SETTLE
    assert {row.epoch for row in mailbox(house)} == set()


def test_a_worker_killed_around_any_commit_goes_on(house: House) -> None:
    days = iter(range(1, 100))

    def turned(dying: Any) -> None:
        house.clock.now = validity(f"2026-12-{next(days):02}")[0]
        for _ in range(3):
            turn_keys(dying, house.vault, house.clock)
            house.clock.forward(minutes=11)

    def restarted() -> None:
        sent = submit(house, Sent())
        after_minutes(house, 0, 11, 11)
        assert take_in(house.db, house.vault, house.clock) == 1
        after_minutes(house, 1, 11, 11)
        assert len(pairs(house)) == 1
        with house.db.reading("keys") as session:
            assert house.keystore.get(session, sent.pseudonym, "care") == sent.secrets["care"]

    assert killed_everywhere(house.db, turned, restarted) >= 4


def test_the_pair_of_a_running_week_goes_as_the_others_do_once_its_letters_are_in(house: House) -> None:
    """The worker of this release finds what the one before made: a week's pair, and letters sealed to it."""
    (house.root / "keystore" / f"intake-{FIRST}.key").unlink()
    (house.root / "public" / f"intake-{FIRST}.json").unlink()
    week, seed, held = "2026-W48", new_seed(), house.keystore.intakes
    assert held.files.make(week, seed, house.clock())
    document = signed_document(week, public_of(seed), held.signer)
    (house.root / "public" / f"intake-{week}.json").write_bytes(document)
    sent = submit(house, Sent())
    assert [row.epoch for row in mailbox(house)] == [week]

    after_minutes(house, 0)
    assert key_now(house).epoch == FIRST
    after_minutes(house, 11, 11)
    assert pairs(house) == [FIRST, week]
    assert take_in(house.db, house.vault, house.clock) == 1
    after_minutes(house, 1)

    assert pairs(house) == [FIRST]
    assert published(house) == [f"intake-{FIRST}.json"]
    with house.db.reading("keys") as session:
        assert house.keystore.get(session, sent.pseudonym, "care") == sent.secrets["care"]


def test_a_clock_that_was_days_ahead_for_a_while_keeps_nobody_from_sending(house: House) -> None:
    turn_keys(house.db, house.vault, house.clock)
    right = house.clock()
    house.clock.forward(days=2)
    after_minutes(house, 0, 11, 11)
    assert pairs(house) == ["2026-11-25"]

    house.clock.now = right + timedelta(minutes=25)
    after_minutes(house, 0)
    with house.db.writing("keys") as session:
        key, sent = key_now(house), Sent()
        sealed = seal_for_intake(key, sent.mailbox(), sent.submission)
        post_secrets(session, sent.submission, key.epoch, sealed, house.clock())

    assert (key.epoch, pairs(house)) == (FIRST, [FIRST, "2026-11-25"])
    assert opened(house, mailbox(house)[0]) == sent.mailbox()


def test_no_pair_goes_while_the_newest_one_cannot_be_read(house: House) -> None:
    at_noon(house)
    (house.root / "keystore" / f"intake-{NEXT}.key").write_bytes(b"cut")
    for _ in range(3):
        with pytest.raises(KeystoreDamaged):
            after_minutes(house, 11)
    assert pairs(house) == [FIRST, NEXT]


def test_closings_are_forgotten_long_after(house: House) -> None:
    at_noon(house)
    after_minutes(house, 11, 11)
    house.clock.now += REMEMBERED
    after_minutes(house, 0, 11)
    with house.db.reading("keys") as session:
        assert list(closings(session)) == [NEXT]

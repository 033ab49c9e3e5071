"""What must not be sent: answers changed meanwhile, a moment gone by, a room the clinic closed; and to whom."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.booking.call_times import call_times
from app.booking.draft import form_key
from app.booking.entrance import enter
from app.booking.errors import DraftChanged, DraftGone, SlotLost
from app.booking.journey import Funnel, Place, answer, place
from app.booking.send import send
from app.booking.signed import signed_in
from app.booking.submission import Entered
from app.booking.words import keep_words, lock_of
from app.front.published_directory import publish_directory
from app.vault.intake import load_intake_key
from app.vault.tokens import new_token
from app.vault.words import WordsGate
from tests.factories.house import House, clinic_directory
from tests.factories.walk import NO_WISH, a_funnel, send_step, walk

REACH = 6


@dataclass
class Journey:
    """A journey walked to its last page."""

    house: House
    funnel: Funnel
    token: bytes

    def at_the_end(self) -> Place:
        """Read it as the last page does."""
        return place(self.funnel, self.token, "fr", 8)

    def sends(self, here: Place) -> UUID:
        """Send what was read."""
        house = self.house
        house.keystore.ensure_epoch(house.clock())
        key = load_intake_key(house.root / "public", house.keystore.verify_key, house.clock())
        lock = lock_of(self.funnel, WordsGate(), here.draft)
        return send(self.funnel, key, here.draft, here.outlook, lock, Entered())


def walked(house: House) -> Journey:
    """Walk a journey to its last page."""
    funnel, token = a_funnel(house), new_token()
    walk(funnel, token)
    return Journey(house, funnel, token)


def test_answer_changed_in_another_tab_is_not_lost_by_sending(house: House) -> None:
    journey = walked(house)
    read = journey.at_the_end()
    key = form_key(read.draft, "reach")
    changed = {"k": key, "go": "01", "name": "Zoé", "channel": "02", "phone": "06 39 98 00 12", "email": ""}
    answer(journey.funnel, journey.token, "fr", REACH, changed)

    with pytest.raises(DraftChanged):
        journey.sends(read)

    assert journey.at_the_end().draft.journey.answers["reach"]["phone"] == "+33639980012"


def test_cookie_copied_before_sending_opens_the_space_no_more(house: House) -> None:
    journey = walked(house)
    journey.sends(journey.at_the_end())
    with house.db.reading("front") as session:
        sender = signed_in(session, journey.token, house.clock())
        assert sender is not None
        assert sender.token not in (None, journey.token)
        house.clock.forward(minutes=3)
        assert signed_in(session, journey.token, house.clock()) is None
        assert signed_in(session, sender.token or b"", house.clock()) is not None


def test_journey_taken_up_elsewhere_is_closed_where_it_was_begun(house: House) -> None:
    journey = walked(house)
    words = " ".join(keep_words(journey.funnel, WordsGate(), journey.token).journey.words)

    elsewhere = enter(journey.funnel, WordsGate(), words, "192.0.2.1")

    assert elsewhere is not None
    assert elsewhere != journey.token
    with pytest.raises(DraftGone):
        journey.at_the_end()
    again = Journey(house, journey.funnel, elsewhere)
    assert again.at_the_end().held is not None
    again.sends(again.at_the_end())


def test_window_that_has_passed_is_not_sent(house: House) -> None:
    funnel, token = a_funnel(house), new_token()
    walk(funnel, token, until=5, age="15")
    window = call_times(funnel.catalogue.directory(), house.clock(), "call")[0]
    send_step(funnel, token, 5, NO_WISH | {"slot": window.code})
    send_step(funnel, token, REACH, {"name": "Zoé", "channel": "02", "phone": "06 39 98 00 12"})
    send_step(funnel, token, 7, {"seen": "01"})
    journey = Journey(house, funnel, token)
    read = journey.at_the_end()
    house.clock.forward(days=10)

    with pytest.raises(SlotLost) as lost:
        journey.sends(read)

    assert lost.value.why == "window_over"


def test_room_closed_under_a_held_slot_offers_other_slots(house: House) -> None:
    journey = walked(house)
    read = journey.at_the_end()
    assert read.held is not None
    held = read.held.room
    directory = clinic_directory()
    fewer = directory.model_copy(update={"version": 2, "rooms": tuple(r for r in directory.rooms if r.id != held)})
    with house.db.writing("front") as session:
        publish_directory(session, fewer, house.clock())
    house.clock.forward(seconds=10)

    with pytest.raises(SlotLost):
        journey.sends(read)

"""The door of the words: right, wrong and malformed cost the same; guesses are counted where they come from."""

from datetime import timedelta

import pytest

from app.booking.entrance import GUESSES_PER_PREFIX, SLOW_AFTER, SLOWEST, TooManyGuesses, enter, slowness
from app.booking.journey import Funnel, place
from app.booking.send import send
from app.booking.signed import signed_in
from app.booking.submission import Entered
from app.booking.words import keep_words, lock_of
from app.config import WordsCost
from app.front import guesses
from app.vault.intake import load_intake_key
from app.vault.tokens import new_token
from app.vault.words import WordKeys, WordsGate
from tests.factories.house import House
from tests.factories.walk import a_funnel, walk

HERE, NEIGHBOUR, ELSEWHERE = "192.0.2.7", "192.0.2.250", "198.51.100.7"
WRONG = "abandon ability able about above absent absorb"


class CountingGate(WordsGate):
    """A gate that counts who passes, and with what cost."""

    def __init__(self) -> None:
        super().__init__()
        self.costs: list[WordsCost] = []

    def derive(self, normalised: str, salt: bytes, cost: WordsCost) -> WordKeys:
        self.costs.append(cost)
        return super().derive(normalised, salt, cost)


@pytest.fixture
def funnel(house: House) -> Funnel:
    return a_funnel(house)


def a_sent_journey(house: House, funnel: Funnel) -> list[str]:
    """Send a journey and return its words."""
    token = new_token()
    here = walk(funnel, token)
    key = load_intake_key(house.root / "public", house.keystore.verify_key, house.clock())
    send(funnel, key, here.draft, here.outlook, lock_of(funnel, WordsGate(), here.draft), Entered())
    return here.draft.journey.words


def a_kept_journey(funnel: Funnel) -> tuple[bytes, list[str]]:
    """Walk half-way and keep the words; return the token and the words."""
    token = new_token()
    walk(funnel, token, until=4)
    return token, keep_words(funnel, WordsGate(), token).journey.words


def test_words_open_the_space_they_were_given_for(house: House, funnel: Funnel) -> None:
    words = a_sent_journey(house, funnel)
    token = enter(funnel, WordsGate(), " ".join(words), HERE)
    assert token is not None
    with house.db.reading("front") as session:
        assert signed_in(session, token, house.clock()) is not None


@pytest.mark.parametrize("form", ["{}", "  {}\n", "1. {}", "{}.", "« {} »"])
def test_capitals_accents_and_spaces_do_not_count(house: House, funnel: Funnel, form: str) -> None:
    words = a_sent_journey(house, funnel)
    plain = str.maketrans("éèêëàâîïôûüç", "eeeeaaiiouuc")
    typed = "   ".join(form.format(word.translate(plain).upper()) for word in words)
    assert enter(funnel, WordsGate(), typed, HERE) is not None


def test_another_order_or_one_word_less_opens_nothing(house: House, funnel: Funnel) -> None:
    words = a_sent_journey(house, funnel)
    for wrong in (words[::-1], words[1:], [*words, words[0]], [words[1], words[0], *words[2:]]):
        assert enter(funnel, WordsGate(), " ".join(wrong), HERE) is None


def test_words_of_an_unsent_journey_open_it_on_any_device(funnel: Funnel) -> None:
    _token, words = a_kept_journey(funnel)
    token = enter(funnel, WordsGate(), " ".join(words), HERE)
    assert token is not None
    assert set(place(funnel, token, "fr", 4).draft.journey.answers) == {"need", "situation", "who"}


def test_words_of_an_unsent_journey_outlive_an_hour_but_not_a_week(house: House, funnel: Funnel) -> None:
    _token, words = a_kept_journey(funnel)
    house.clock.forward(days=6, hours=23)
    assert enter(funnel, WordsGate(), " ".join(words), HERE) is not None
    house.clock.forward(days=7)
    assert enter(funnel, WordsGate(), " ".join(words), HERE) is None


@pytest.mark.parametrize("typed", ["", WRONG, "x" * 100_000, "\ud800", "☃ " * 7, "1 2 3", " "])
def test_anything_typed_costs_one_derivation_as_right_words_do(house: House, funnel: Funnel, typed: str) -> None:
    gate = CountingGate()
    words = a_sent_journey(house, funnel)
    assert enter(funnel, gate, " ".join(words), HERE) is not None
    assert enter(funnel, gate, typed, HERE) is None
    assert gate.costs == [funnel.settings.words_cost] * 2


def test_a_prefix_that_guesses_is_refused_and_nobody_else(house: House, funnel: Funnel) -> None:
    gate = CountingGate()
    words = " ".join(a_sent_journey(house, funnel))
    for _ in range(GUESSES_PER_PREFIX):
        assert enter(funnel, gate, WRONG, HERE) is None
    for address in (HERE, NEIGHBOUR):
        with pytest.raises(TooManyGuesses):
            enter(funnel, gate, words, address)
    assert enter(funnel, gate, words, ELSEWHERE) is not None
    assert enter(funnel, gate, words, "2001:db8::1") is not None
    assert len(gate.costs) == GUESSES_PER_PREFIX + 2, "a refused network costs no derivation"
    house.clock.forward(hours=1)
    assert enter(funnel, gate, words, HERE) is not None


def test_an_ipv6_household_counts_as_one_and_nonsense_too(house: House, funnel: Funnel) -> None:
    salt = funnel.settings.words_salt
    assert guesses.prefix_of("2001:db8:0:aa::1", salt) == guesses.prefix_of("2001:db8:0:a0::ffff", salt)
    assert guesses.prefix_of("2001:db8:1::1", salt) != guesses.prefix_of("2001:db8:2::1", salt)
    assert guesses.prefix_of("", salt) == guesses.prefix_of("nowhere", salt)
    assert guesses.prefix_of(HERE, salt) not in (guesses.prefix_of(ELSEWHERE, salt), guesses.EVERYBODY)


def test_right_words_are_no_guess(house: House, funnel: Funnel) -> None:
    words = " ".join(a_sent_journey(house, funnel))
    for _ in range(GUESSES_PER_PREFIX + 5):
        assert enter(funnel, WordsGate(), words, HERE) is not None
    assert slowness(funnel) == 1


def test_many_wrong_words_from_everywhere_slow_everybody_and_refuse_nobody(house: House, funnel: Funnel) -> None:
    words = " ".join(a_sent_journey(house, funnel))
    now = house.clock()
    assert slowness(funnel) == 1
    for wrong, slots in ((SLOW_AFTER, 2), (SLOW_AFTER, 3), (SLOW_AFTER * 20, SLOWEST)):
        with house.db.writing("front") as session:
            for number in range(wrong):
                guesses.add(session, guesses.prefix_of(f"203.0.{number % 200}.1", bytes(16)), now)
        assert slowness(funnel) == slots
    assert enter(funnel, WordsGate(), words, ELSEWHERE) is not None
    house.clock.forward(hours=1)
    assert slowness(funnel) == 1


def test_the_stay_ends_with_its_minutes(house: House, funnel: Funnel) -> None:
    token = enter(funnel, WordsGate(), " ".join(a_sent_journey(house, funnel)), HERE)
    assert token is not None
    ends = house.clock() + timedelta(minutes=funnel.settings.space_idle_minutes)
    with house.db.reading("front") as session:
        assert signed_in(session, token, ends - timedelta(seconds=1)) is not None
        assert signed_in(session, token, ends) is None
        assert signed_in(session, new_token(), house.clock()) is None

"""The fullest clinic there can be: every text as long as its form takes it, in words that compress badly."""

from itertools import islice
from random import Random
from uuid import UUID, uuid5

from app.front.directory import Directory, Hours, Practitioner, Room, Rules, Site
from app.patient.slot_page import LONGEST_LIST
from app.profiles.models import PublishableProfile

NAME, TEXT, PHONE = 120, 300, 32
"""The most characters that the clinic's forms take: a name; an address, a door, words for the desk; a number."""
SITES = 12

_NAMESPACE = UUID("5f0a6f52-1d7b-4c39-8a55-0a3f5b7c2e19")
_LETTERS = "abcdefghijklmnopqrstuvwxyzéèêàçôû"
_OPENS, _CLOSES = 8 * 60, 19 * 60


def fullest_clinic(profiles: list[PublishableProfile]) -> Directory:
    """Return an invented clinic whose people may carry out every act, each on every working day."""
    kinds = tuple({kind for one in profiles for act in one.profile.acts for kind in act.practitioner_kinds})
    sites = tuple(_site(number) for number in range(SITES))
    people = tuple(_person(number, kinds) for number in range(LONGEST_LIST))
    return Directory(
        version=0,
        sites=sites,
        rooms=tuple(
            Room(id=_id(f"room {n}"), site=sites[n % SITES].id, name=words(NAME, 500 + n), step_free=True)
            for n in range(LONGEST_LIST)
        ),
        practitioners=people,
        hours=tuple(
            _presence(one, sites[n % SITES], weekday) for n, one in enumerate(people) for weekday in range(7)
        ),
        rules=Rules(
            notice_hours=0,
            horizon_days=60,
            cancel_hours=0,
            call_starts_minute=_OPENS,
            call_ends_minute=_CLOSES,
        ),
    )


def words(length: int, seed: int) -> str:
    """Return invented words, no two alike, of this length in all; the same ones for the same seed."""
    random = Random(seed)  # noqa: S311 - the same texts at each run, not secrets
    drawn = ("".join(random.choices(_LETTERS, k=random.randint(5, 9))).title() for _ in range(length))
    return " ".join(islice(drawn, length // 5))[:length].strip()


def _site(number: int) -> Site:
    return Site(
        id=_id(f"site {number}"),
        name=words(NAME, number),
        address=words(TEXT, 100 + number),
        door=words(TEXT, 200 + number),
        desk_words=words(TEXT, 300 + number),
        phone="+33 1 99 00 00 00 poste 123456789"[:PHONE],
        step_free=True,
        timezone="Europe/Paris",
    )


def _person(number: int, kinds: tuple[str, ...]) -> Practitioner:
    return Practitioner(id=_id(f"person {number}"), name=words(NAME, 400 + number), kinds=kinds, gender="woman")


def _presence(person: Practitioner, site: Site, weekday: int) -> Hours:
    return Hours(practitioner=person.id, site=site.id, weekday=weekday, starts_minute=_OPENS, ends_minute=_CLOSES)


def _id(name: str) -> UUID:
    return uuid5(_NAMESPACE, name)

"""The facts of the discretion report, taken from journeys through the clinic's own pages, never from a brochure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.cli.rehearsal import Profiles
from app.cli.rehearsal_clinic import fullest_clinic
from app.cli.rehearsal_house import House, a_house
from app.cli.rehearsal_journeys import asked_words
from app.cli.rehearsal_visitor import Exchange, Visitor
from app.clinic.contacts import Reach
from app.clinic.lists import Line
from app.config import Settings
from app.desk.models import Practitioner, Room, Site, Visit
from app.front.directory import Directory
from app.profiles.models import Act, PublishableProfile
from app.web.cookie import Screen
from app.web.languages import Language

_NOBODY = UUID(int=0)
_AT = (0, 30, 75, 150)
"""Minutes after nine at which the invented patients of the desk's list come."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A whole journey of one specialty, from the first page to the space, as it travelled."""

    name: str
    exchanges: tuple[Exchange, ...]

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """What each exchange sent and received, in bytes, without what was typed."""
        return tuple((one.sent, one.received) for one in self.exchanges)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the report draws: the journeys, pages to look at, what a history would keep, the desk's list."""

    passages: tuple[Passage, ...]
    pages: dict[str, str]
    history: tuple[tuple[str, str], ...]
    desk: tuple[Line, ...]
    own_clinic: bool

    @property
    def alike(self) -> bool:
        """Whether the journeys of all specialties have the same lengths, request by request."""
        return len({one.sizes for one in self.passages}) <= 1


def gather(
    settings: Settings, profiles: Profiles, directory: Directory | None, now: datetime, language: Language
) -> Facts:
    """Walk one journey of each specialty in the clinic in force, or in an invented one where there is none."""
    place = directory or fullest_clinic(profiles)
    with a_house(replace(settings, demo=False), profiles, place, now) as house:
        passages = tuple(_passage(house, one, language) for one in profiles)
        pages: dict[str, str] = {screen: _page(house, "/r/01", language, screen) for screen in _SCREENS}
        pages |= {"home": _page(house, "/", language), "gone": _page(house, "/bonjour", language)}
    shown = [one for passage in passages for one in passage.exchanges if one.html]
    history = tuple(dict.fromkeys((one.page.title, one.path) for one in shown))
    return Facts(passages, pages, history, tuple(_desk(place, now)), directory is not None)


_SCREENS: tuple[Screen, ...] = ("normal", "muted")


def _page(house: House, path: str, language: Language, screen: Screen = "normal") -> str:
    visitor = Visitor(house.app, tls=house.settings.tls)
    visitor.looks((language, screen))
    return visitor.opens(path).html


def _passage(house: House, publishable: PublishableProfile, language: Language) -> Passage:
    """Answer the same way whatever the specialty, refusing what is optional and leaving no contact; then send."""
    visitor = Visitor(house.app, tls=house.settings.tls)
    visitor.looks((language, "normal"))
    visitor.opens("/r/01")
    for wanted in (
        {"act": publishable.profile.code + _usual(publishable).code},
        {"age": "34", "whom": "01", "standing": "01"},
        {"decision": "02"},
        *({} for _page in range(house.settings.question_pages)),
        {},
        {"name": "Camille", "channel": "01"},
        {},
    ):
        visitor.fills(wanted)
    before, typed = tuple(visitor.exchanges), asked_words(house, visitor)
    visitor.fills(typed)
    sent, *after = visitor.exchanges[len(before) :]
    sent = replace(sent, sent=sent.sent - sum(map(len, typed.values())))
    return Passage(publishable.profile.name.in_language(language), (*before, sent, *after))


def _usual(publishable: PublishableProfile) -> Act:
    """Return an act booked at once where there is one, so that journeys are of one kind."""
    offered = [one for one in publishable.profile.acts if one.published]
    return next((one for one in offered if one.booking == "instant"), offered[0])


def _desk(directory: Directory, now: datetime) -> Iterator[Line]:
    """Yield lines of the desk's list as its own page has them, for invented patients in the clinic's rooms."""
    site, people = directory.sites[0], directory.practitioners
    rooms = [room for room in directory.rooms if room.site == site.id]
    nine = now.replace(hour=8, minute=0, second=0, microsecond=0)
    for number, (minutes, reach) in enumerate(zip(_AT, _REACHES, strict=True)):
        person, room = (
            people[number % len(people)] if people else None,
            rooms[number % len(rooms)] if rooms else None,
        )
        yield Line(
            visit=_visit(nine + timedelta(minutes=minutes), "arrived" if number == 0 else "booked", reach),
            reach=reach,
            site=Site(**site.model_dump()),
            room=Room(id=room.id, site_id=room.site, name=room.name, step_free=room.step_free) if room else None,
            practitioner=Practitioner(id=person.id, name=person.name) if person else None,
            zone=site.timezone,
            mark="",
        )


def _visit(starts_at: datetime, state: str, reach: Reach) -> Visit:
    return Visit(
        id=_NOBODY,
        pseudonym=_NOBODY,
        kind="appointment",
        state=state,
        starts_at=starts_at,
        minutes=30,
        buffer_minutes=0,
        reachable=reach.reachable,
        confirmed=True,
        version=1,
        created_at=starts_at,
    )


_REACHES = (
    Reach("Camille", "phone", "+33639980011", "", call_ok=True, voicemail_ok=False, language="fr"),
    Reach("M. Durand", "none", "", "", call_ok=False, voicemail_ok=False, language="fr"),
    Reach("Sacha", "email", "", "sacha@example.fr", call_ok=False, voicemail_ok=False, language="fr"),
    Reach("Lou", "phone", "+33639980022", "", call_ok=True, voicemail_ok=True, language="fr"),
)

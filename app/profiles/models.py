"""A specialty as data: frozen, typed, complete. Nothing in `app/` knows a profile by its name."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[0-9]{2}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
Band = Literal["under_13", "13_14", "15", "16_17", "adult"]
Situation = Literal["self", "child", "assisted", "emancipated"]
Path = Literal["self", "call", "no"]
BookingMode = Literal["instant", "to_confirm", "ask"]

Line = Annotated[str, Field(min_length=1, pattern=r"^\S(?:.*\S)?$")]
"""Words on a single line, with no blank at either end: what a page or a paper can print as it is."""

RATHER_NOT = "99"
"""The choice every question has: *je préfère en parler sur place*."""


class Frozen(BaseModel):
    """A record that refuses unknown keys and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Text(Frozen):
    """A text for people. French is required; English too, since both are published."""

    fr: Line
    en: Line

    def in_language(self, language: str) -> str:
        """Return the text in `fr` or `en`; any other language reads French."""
        return self.en if language == "en" else self.fr


class Traces(Frozen):
    """What each place will show once the visit is paid: said before the patient commits."""

    bank: Text
    insurance: Text
    mutuelle: Text


class Act(Frozen):
    """A service on offer. Money is whole euro cents; durations are minutes, in multiples of five."""

    code: Code
    slug: Slug
    name: Text
    neutral_name: Text
    summary: Text
    minutes: Annotated[int, Field(ge=5, le=240, multiple_of=5)]
    buffer_minutes: Annotated[int, Field(ge=0, le=60, multiple_of=5)]
    fee_cents: Annotated[int, Field(ge=0, le=1_000_000)]
    reimbursement: Text
    traces: Traces
    place: Literal["on_site", "remote"]
    practitioner_kinds: Annotated[tuple[Slug, ...], Field(min_length=1)]
    booking: BookingMode

    @property
    def published(self) -> bool:
        """Whether patients may choose it: a remote act waits until there is a room for it."""
        return self.place == "on_site"


class Choice(Frozen):
    """One answer to a question. Its code is opaque and of fixed width."""

    code: Code
    text: Text


class Question(Frozen):
    """A question answered by choosing from a list; it gives no score. `acts` empty means every act."""

    code: Code
    page: Annotated[int, Field(ge=1, le=4)]
    text: Text
    hint: Text | None = None
    choices: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=7)]
    acts: tuple[Slug, ...] = ()


class Purpose(Frozen):
    """Why data is processed. `optional` ones are asked, yes and no alike; the others are told."""

    slug: Slug
    name: Text
    explanation: Text
    legal_basis: Line
    recipients: Text
    retention: Text
    retention_days: Annotated[int, Field(ge=1)]
    optional: bool
    if_refused: Text | None = None


class Resource(Frozen):
    """A place to turn to, with a number or a public address, free of judgement."""

    name: Text
    contact: Line
    note: Text


class Profile(Frozen):
    """A whole specialty: what it is called, offers, asks, and why it keeps what it keeps."""

    schema_version: Literal[1]
    code: Code
    slug: Slug
    name: Text
    neutral_name: Text
    introduction: Text
    acts: Annotated[tuple[Act, ...], Field(min_length=4, max_length=8)]
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=2)]
    who_knows: Text
    minors_note: Text
    call_note: Text
    not_offered: Text
    resources: Annotated[tuple[Resource, ...], Field(min_length=2, max_length=6)]
    reviewed_on: date

    def act(self, code: str) -> Act | None:
        """Return the published act of this code, or None."""
        return next((a for a in self.acts if a.code == code and a.published), None)

    def questions_for(self, act: Act, page: int) -> tuple[Question, ...]:
        """Return what is asked about an act on one question page, in order."""
        return tuple(q for q in self.questions if q.page == page and (not q.acts or act.slug in q.acts))


class PathCell(Frozen):
    """The path the law gives to acts × bands × situations, with its articles and who read them."""

    acts: Annotated[tuple[Slug, ...], Field(min_length=1)]
    bands: Annotated[tuple[Band, ...], Field(min_length=1)]
    situations: Annotated[tuple[Situation, ...], Field(min_length=1)]
    path: Path
    articles: Annotated[tuple[Line, ...], Field(min_length=1)]
    status: Literal["read", "to_review"]
    reviewed_by: str = ""
    reviewed_on: date | None = None


class PathMatrix(Frozen):
    """Every stated cell. One that is missing behaves as *call us*."""

    cells: tuple[PathCell, ...]

    def path(self, act: str, band: Band, situation: Situation) -> Path:
        """Return the path of one cell; `call` where none is stated."""
        for cell in self.cells:
            if act in cell.acts and band in cell.bands and situation in cell.situations:
                return cell.path
        return "call"


class PublishableProfile(Frozen):
    """A profile with its matrix: the unit that is checked, published, versioned and never changed."""

    profile: Profile
    paths: PathMatrix


def band_of(age: int) -> Band:
    """Return the age band of an age in whole years (0 to 130)."""
    if age < 13:
        return "under_13"
    if age < 15:
        return "13_14"
    if age == 15:
        return "15"
    return "16_17" if age < 18 else "adult"

"""Tables of the front silo: in clear, what is published and which cells are taken; the rest is sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.db import UTCDateTime, silo_metadata


class Base(DeclarativeBase):
    """Base of the front silo."""

    metadata = silo_metadata()


class PublishedProfile(Base):
    """An immutable version of a profile. The current one of a slug is the newest that is not withdrawn."""

    __tablename__ = "published_profiles"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    body: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PublishedDirectory(Base):
    """A version of the clinic's directory (sites, rooms, practitioners, hours, rules); the highest is in force."""

    __tablename__ = "published_directories"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Draft(Base):
    """A journey's unsent answers, sealed under a key that lives in the patient's cookie only."""

    __tablename__ = "drafts"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    locator: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    sealed_token: Mapped[bytes | None] = mapped_column(LargeBinary)


class Hold(Base):
    """A slot kept for one draft for a few minutes. Its cells carry the hold's id as owner."""

    __tablename__ = "holds"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    draft: Mapped[UUID] = mapped_column(Uuid, unique=True)
    practitioner: Mapped[UUID] = mapped_column(Uuid)
    room: Mapped[UUID] = mapped_column(Uuid)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    cells: Mapped[int] = mapped_column(Integer)
    day: Mapped[str] = mapped_column(String(10), index=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    extensions: Mapped[int] = mapped_column(Integer, default=0)


class SlotCell(Base):
    """Five minutes of a practitioner or a room, taken. The primary key is the whole authority on occupancy.

    `cell` is the Unix time of its start divided by 300. `kind` is hold, appointment, proposal or absence.
    """

    __tablename__ = "slot_cells"
    __table_args__ = (Index("ix_slot_cells_cell", "cell"),)

    resource: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    cell: Mapped[int] = mapped_column(Integer, primary_key=True)
    owner: Mapped[UUID] = mapped_column(Uuid, index=True)
    kind: Mapped[str] = mapped_column(String(12))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class AgendaTurn(Base):
    """One row (id 1) that every change of occupancy writes first: its lock makes bookings wait for one another.

    Without it, two patients who swap slots could block each other, and a capped share could be overrun.
    """

    __tablename__ = "agenda_turns"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    turn: Mapped[int] = mapped_column(BigInteger)


class Submission(Base):
    """What a patient sent and the worker has not yet carried in. Its removal is the intake's last step."""

    __tablename__ = "submissions"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    pseudonym: Mapped[UUID] = mapped_column(Uuid)
    sealed_visit: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_contact: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_care: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class Space(Base):
    """The sealed page a patient returns to. Its id is derived from the space's secret, so that it links nothing."""

    __tablename__ = "spaces"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class SpaceSession(Base):
    """A signed-in patient: what opens their space, sealed under a key derived from their cookie."""

    __tablename__ = "space_sessions"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class FrontOutbox(Base):
    """An act of a patient in their space (cancel, ask to move, accept) that the worker carries on."""

    __tablename__ = "outbox"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    pseudonym: Mapped[UUID] = mapped_column(Uuid)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class Guess(Base):
    """How many times words were tried in an hour from one network prefix (hashed), or from all of them."""

    __tablename__ = "guesses"

    prefix: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    hour: Mapped[int] = mapped_column(Integer, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)

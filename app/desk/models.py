"""Tables of the desk silo: staff, places, hours, and the agenda without names or reasons."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, Date, ForeignKey, Integer, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.db import UTCDateTime, silo_metadata


class Base(DeclarativeBase):
    """Base of the desk silo."""

    metadata = silo_metadata()


class Staff(Base):
    """A person who works here. `role` is practitioner, desk or administrator.

    `invited_at` is when the last invitation was given, None for one older than this column.
    """

    __tablename__ = "staff"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    sealed_totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_totp_step: Mapped[int] = mapped_column(Integer, default=0)
    invitation_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    invitation_expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    invited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RecoveryCode(Base):
    """A one-time code that stands in for the second factor once."""

    __tablename__ = "recovery_codes"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(200))
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class StaffSession(Base):
    """A signed-in browser. `id` is the SHA-256 of the cookie's token; `data` is the small session document."""

    __tablename__ = "sessions"

    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    staff_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)
    data: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class Site(Base):
    """A place of the clinic, with what an arriving patient must know."""

    __tablename__ = "sites"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(Text)
    door: Mapped[str] = mapped_column(Text)
    desk_words: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(String(32))
    step_free: Mapped[bool] = mapped_column(Boolean)
    timezone: Mapped[str] = mapped_column(String(64))


class Room(Base):
    """A room where a visit happens."""

    __tablename__ = "rooms"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    step_free: Mapped[bool] = mapped_column(Boolean)


class Practitioner(Base):
    """Who treats. `kinds` is a comma-separated list of practitioner kinds; `staff_id` their sign-in, if any."""

    __tablename__ = "practitioners"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    kinds: Mapped[str] = mapped_column(String(240))
    gender: Mapped[str] = mapped_column(String(8))


class OpeningHours(Base):
    """A practitioner's weekly presence at a site, in minutes of the site's local day. Weekday 0 is Monday."""

    __tablename__ = "opening_hours"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioners.id", ondelete="CASCADE"), index=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    weekday: Mapped[int] = mapped_column(Integer)
    starts_minute: Mapped[int] = mapped_column(Integer)
    ends_minute: Mapped[int] = mapped_column(Integer)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)


class Absence(Base):
    """A practitioner away, or a room closed. Its cells are taken in the front silo under this id."""

    __tablename__ = "absences"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    resource: Mapped[UUID] = mapped_column(Uuid, index=True)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ClinicRules(Base):
    """The clinic's few numbers (one row): notice, horizon, delay to cancel, call hours."""

    __tablename__ = "clinic_rules"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    notice_hours: Mapped[int] = mapped_column(Integer)
    horizon_days: Mapped[int] = mapped_column(Integer)
    cancel_hours: Mapped[int] = mapped_column(Integer)
    call_starts_minute: Mapped[int] = mapped_column(Integer)
    call_ends_minute: Mapped[int] = mapped_column(Integer)


class Visit(Base):
    """A line of the agenda or of the requests, by pseudonym: when, where, with whom, in what state.

    `kind` is appointment, request, call, come or write. `state` is requested, booked, proposed, move_asked,
    arrived, seen, absent, cancelled or declined; `answered` for a call, come or write that staff dealt with.
    `confirmed` is whether its time was ever agreed (booked at once, confirmed by a practitioner, or accepted by the
    patient): what state it is in now doesn't say. `moved_at` is when it was last given another time; `last_action`
    is the patient's act last carried here, so that it is carried once.
    """

    __tablename__ = "visits"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    pseudonym: Mapped[UUID] = mapped_column(Uuid, unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12), index=True)
    starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    minutes: Mapped[int] = mapped_column(Integer)
    buffer_minutes: Mapped[int] = mapped_column(Integer)
    site_id: Mapped[UUID | None] = mapped_column(Uuid)
    room_id: Mapped[UUID | None] = mapped_column(Uuid)
    practitioner_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)
    reachable: Mapped[bool] = mapped_column(Boolean)
    confirmed: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    moved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_action: Mapped[UUID | None] = mapped_column(Uuid)


class LegalHold(Base):
    """A file of which nothing is destroyed. `reason` is claim, authority or request; `by` is who placed it."""

    __tablename__ = "legal_holds"

    pseudonym: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    reason: Mapped[str] = mapped_column(String(16))
    by: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class Proposal(Base):
    """Another slot the clinic offers for a visit. Its cells are kept in the front silo under this id."""

    __tablename__ = "proposals"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visits.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    site_id: Mapped[UUID] = mapped_column(Uuid)
    room_id: Mapped[UUID] = mapped_column(Uuid)
    practitioner_id: Mapped[UUID] = mapped_column(Uuid)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class VisitPool(Base):
    """Who may take a visit that names no practitioner yet, and who may open its case."""

    __tablename__ = "visit_pool"

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True)
    practitioner_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class DeskOutbox(Base):
    """What staff decided and a patient's space must show: a patch sealed for the space, for the worker to merge."""

    __tablename__ = "outbox"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    pseudonym: Mapped[UUID] = mapped_column(Uuid)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

"""Tables of the ledger silo: append-only events, their keys, whom each concerns, their order, its signed heads."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.db import UTCDateTime, silo_metadata


class Base(DeclarativeBase):
    """Base of the ledger silo."""

    metadata = silo_metadata()


class Event(Base):
    """One thing done by one actor. `payload` is canonical JSON; `leaf` is SHA-256(0x00 ‖ salt ‖ payload)."""

    __tablename__ = "events"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    zone: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64), index=True)
    payload: Mapped[str] = mapped_column(Text)
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))


class EventKey(Base):
    """A key that a process drew for its events of a month, sealed to the month's public key.

    `id` is a digest of the other two, so that events, which name it, commit to them.
    """

    __tablename__ = "event_keys"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    envelope: Mapped[bytes] = mapped_column(LargeBinary)


class EventSubject(Base):
    """Finds the events that concern one pseudonym, as long as they can be read. The payload is what counts."""

    __tablename__ = "event_subjects"

    subject: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    event: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class Leaf(Base):
    """The place of one event in the tree, from 0. Written by the sequencer alone, and never changed."""

    __tablename__ = "leaves"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event: Mapped[UUID] = mapped_column(Uuid, unique=True)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))


class Checkpoint(Base):
    """A signed head: the root over the first `size` leaves. `frontier` lets the tree grow from here.

    `note` is what counts: the others repeat it, for the sequencer and for people who look.
    """

    __tablename__ = "checkpoints"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    frontier: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)

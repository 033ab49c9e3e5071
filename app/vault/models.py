"""Tables of the keys silo. Its backups are apart, rolling and deletable (design, section 4)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, String, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.db import UTCDateTime, silo_metadata

INDEXED_PURPOSE = "contact"
"""The purpose under whose secret the values of the blind indexes are sealed: a row is of no use without it."""


class Base(DeclarativeBase):
    """Base of the keys silo."""

    metadata = silo_metadata()


class Secret(Base):
    """A secret S, wrapped under the epoch key named here (a file, never a row)."""

    __tablename__ = "secrets"

    pseudonym: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(16), index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class MailboxEntry(Base):
    """Secrets sealed by HPKE to an intake epoch: what the patient zone writes and cannot read back."""

    __tablename__ = "mailbox"

    submission: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    epoch: Mapped[str] = mapped_column(String(16))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ClosedIntake(Base):
    """An intake pair the mailbox takes nothing more for, since when; its private key goes soon after."""

    __tablename__ = "closed_intakes"

    epoch: Mapped[str] = mapped_column(String(16), primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SpaceSecret(Base):
    """The secret of a space, sealed to its code words; found by the locator the words give."""

    __tablename__ = "space_secrets"

    locator: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    submission: Mapped[UUID] = mapped_column(Uuid, index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class BlindIndex(Base):
    """One value of a contact, blinded, and the pseudonym that left it; `field` is email or phone.

    No constraint makes the value unique: what a person typed must never be told by a refusal.
    """

    __tablename__ = "blind_indexes"

    pseudonym: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    field: Mapped[str] = mapped_column(String(8), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(4), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)


class Withdrawal(Base):
    """A purpose nobody may open any more, and when its secret is destroyed. Its row goes last.

    `origin` is patient, staff or term. `first_by` and `second_by` agreed to one of too many at once.
    """

    __tablename__ = "withdrawals"

    pseudonym: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    origin: Mapped[str] = mapped_column(String(8))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    first_by: Mapped[UUID | None] = mapped_column(Uuid)
    second_by: Mapped[UUID | None] = mapped_column(Uuid)


class Opening(Base):
    """A secret that was taken out of the keystore, and the ledger's event it was taken out for."""

    __tablename__ = "openings"

    event: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    pseudonym: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

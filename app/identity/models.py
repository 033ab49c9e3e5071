"""Tables of the identity silo: how to call and reach a patient, sealed, and who is one person; never what for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.db import UTCDateTime, silo_metadata


class Base(DeclarativeBase):
    """Base of the identity silo."""

    metadata = silo_metadata()


class Contact(Base):
    """Name to be called by and safe contact of one pseudonym, sealed for the purpose `contact`."""

    __tablename__ = "contacts"

    pseudonym: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    submission: Mapped[UUID] = mapped_column(Uuid, unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Join(Base):
    """A pseudonym that a member of staff (`by`) said to be the same person as others with the same `person`."""

    __tablename__ = "joins"

    pseudonym: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    person: Mapped[UUID] = mapped_column(Uuid, index=True)
    by: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(UTCDateTime)

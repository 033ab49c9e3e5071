"""Tables of the care silo: what for, sealed; never who."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.db import UTCDateTime, silo_metadata


class Base(DeclarativeBase):
    """Base of the care silo."""

    metadata = silo_metadata()


class Case(Base):
    """Act, answers, situation and consents of one submission, sealed for the purpose `care`."""

    __tablename__ = "cases"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    pseudonym: Mapped[UUID] = mapped_column(Uuid, unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

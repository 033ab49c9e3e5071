"""Every sealed object that a clinic holds, each with what opens it: for tests that must open them all."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.care.models import Case
from app.clinic.sign_in import totp_label
from app.db import Databases
from app.desk.models import Staff, Visit
from app.front.models import Space
from app.identity.models import Contact
from app.vault.keystore import Keystore
from app.vault.models import Secret
from app.vault.sealing import Context, unseal_json
from app.vault.tokens import derive_id

Opening = tuple[str, Callable[[], Any]]
"""The kind of an object, and what opens it or raises."""


def openings(keystore: Keystore, db: Databases) -> Iterable[Opening]:
    """Return every secret, second factor, case, contact and space, with what opens it."""
    yield from _secrets(keystore, db)
    yield from _second_factors(keystore, db)
    yield from _cases(keystore, db)
    yield from _contacts(keystore, db)
    yield from _spaces(keystore, db)


def _secrets(keystore: Keystore, db: Databases) -> Iterable[Opening]:
    with db.reading("keys") as session:
        named = session.execute(select(Secret.pseudonym, Secret.purpose)).all()
    for row in named:
        yield "secret", partial(_secret, keystore, db, row.pseudonym, row.purpose)


def _second_factors(keystore: Keystore, db: Databases) -> Iterable[Opening]:
    with db.reading("desk") as session:
        found = [(one.id, one.sealed_totp) for one in session.scalars(select(Staff)) if one.sealed_totp]
    for staff_id, sealed in found:
        yield "second factor", partial(keystore.open_field, "desk", totp_label(staff_id), sealed)


def _cases(keystore: Keystore, db: Databases) -> Iterable[Opening]:
    with db.reading("desk") as session:
        about = {visit.id: visit.pseudonym for visit in session.scalars(select(Visit))}
    with db.reading("care") as session:
        found = [(case.id, case.sealed) for case in session.scalars(select(Case))]
    for case_id, sealed in found:
        context = Context("care.answers", about[case_id], "care", case_id, 1)
        yield "case", partial(_opened, keystore, db, sealed, context)


def _contacts(keystore: Keystore, db: Databases) -> Iterable[Opening]:
    with db.reading("identity") as session:
        found = [(one.pseudonym, one.submission, one.sealed) for one in session.scalars(select(Contact))]
    for pseudonym, submission, sealed in found:
        context = Context("identity.contact", pseudonym, "contact", submission, 1)
        yield "contact", partial(_opened, keystore, db, sealed, context)


def _spaces(keystore: Keystore, db: Databases) -> Iterable[Opening]:
    """A space is found by its secret alone; one that has run out is gone, and left out."""
    with db.reading("keys") as session:
        about = list(session.scalars(select(Secret.pseudonym).where(Secret.purpose == "space")))
    for pseudonym in about:
        space_id = derive_id(_secret(keystore, db, pseudonym, "space"), "space")
        with db.reading("front") as session:
            found = session.get(Space, space_id)
            if found is None:
                continue
            context = Context("front.space", pseudonym, "space", space_id, found.version)
            yield "space", partial(_opened, keystore, db, found.sealed, context)


def _opened(keystore: Keystore, db: Databases, sealed: bytes, context: Context) -> dict[str, Any]:
    return unseal_json(_secret(keystore, db, context.pseudonym, context.purpose), sealed, context)


def _secret(keystore: Keystore, db: Databases, pseudonym: UUID, purpose: str) -> bytes:
    with db.reading("keys") as session:
        return keystore.get(session, pseudonym, purpose)

"""What may be said of who hosts, and of their HDS certificate (Code de la santé publique, L1111-8), today."""

from collections.abc import Callable
from datetime import date

from app.config import Hosting

TEST_ID = "tests/unit/web/test_hosting.py::test_an_expired_certificate_is_never_shown_as_valid"
"""The test that holds these sentences."""


def hosting_sentence(hosting: Hosting, *, demo: bool, today: date, _: Callable[..., str]) -> str:
    """Return one true sentence. A certificate past its date is "being checked", never shown as valid."""
    if demo:
        return _("Hébergement non certifié, démonstration.")
    if not hosting.name:
        return _("La clinique n’a pas encore indiqué son hébergeur.")
    if not hosting.hds_certificate:
        return _("Hébergé par %(name)s. Aucun certificat HDS n’est indiqué.", name=hosting.name)
    if hosting.hds_expires is None or hosting.hds_expires < today:
        return _("Hébergé par %(name)s. Certificat HDS : en cours de vérification.", name=hosting.name)
    return _(
        "Hébergé par %(name)s, certifié HDS (%(scope)s), certificat n° %(number)s, valable jusqu’au %(day)s.",
        name=hosting.name,
        scope=hosting.hds_scope,
        number=hosting.hds_certificate,
        day=hosting.hds_expires.strftime("%d/%m/%Y"),
    )

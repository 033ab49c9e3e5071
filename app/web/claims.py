"""What the trust page claims, each claim with the test that holds it. No test, no claim."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence shown to patients, and the test which fails when it stops being true."""

    text: str
    test_id: str


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when drawn."""
    return text


CLAIMS = (
    Claim(
        _("Ce que vous envoyez est chiffré dès l’envoi : ce site ne peut plus le lire, la clinique seule l’ouvre."),
        "tests/journeys/test_markers.py::test_no_typed_word_is_found_in_any_file",
    ),
    Claim(
        _("Après « Quitter vite », rien de saisi ni de lu ne reste sur cet appareil, s’il est resté « partagé »."),
        "tests/chromium/test_device_traces.py::test_exit_leaves_nothing_on_the_device",
    ),
    Claim(
        _("L’historique du navigateur ne montre que « Mon espace », jamais un soin ni un service."),
        "tests/chromium/test_device_traces.py::test_history_of_a_journey_holds_no_word_of_the_lexicon",
    ),
    Claim(
        _("L’accueil voit l’heure, la salle, votre prénom, comment vous joindre. Ni l’acte ni vos réponses."),
        "tests/chromium/test_staff.py::test_desk_sees_neither_act_nor_answer",
    ),
    Claim(
        _("Chaque ouverture de votre dossier laisse une trace. Sans trace possible, il ne s’ouvre pas."),
        "tests/chromium/test_staff.py::test_with_the_ledger_stopped_no_case_opens",
    ),
    Claim(
        _("Toutes les pages ont la même taille : qui observe le réseau n’apprend pas ce que vous lisez."),
        "tests/unit/web/test_public_pages.py::test_every_page_has_the_one_size",
    ),
    Claim(
        _("Aucun script, aucune image, aucun autre site : vos pages ne parlent qu’à nous."),
        "tests/unit/web/test_public_pages.py::test_no_page_calls_a_script_an_image_or_another_site",
    ),
    Claim(
        _("Un seul cookie, pour cette visite ; « Quitter vite » le vide. Aucune mesure d’audience."),
        "tests/unit/web/test_public_pages.py::test_the_one_cookie_ends_with_the_browser",
    ),
)

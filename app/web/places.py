"""Where a switch in the header may lead back to: pages by a two-character code, never an address."""

LAST_STEP = 11
"""The eight steps and at most three more pages of questions."""

_PAGES = {
    "ho": "/",
    "co": "/confiance",
    "ur": "/urgence",
    "ai": "/aide",
    "na": "/navigateur",
    "bo": "/bonjour",
    "re": "/retour",
    "mo": "/mots",
    "es": "/e",
    "ed": "/e/donnees",
    "ec": "/e/effacer",
    "de": "/delais",
}
_STEPS = {f"{number:02d}": f"/r/{number:02d}" for number in range(1, LAST_STEP + 1)}
_PLACES = _PAGES | _STEPS


def place(code: str) -> str:
    """Return the path of a page's code; anything unknown leads to the first page."""
    return _PLACES.get(code, "/")

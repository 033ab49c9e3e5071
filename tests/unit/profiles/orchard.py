"""An invented specialty that is sound, as the text of its two files, and a lexicon of its own."""

from pathlib import Path

TRACES = """
[acts.traces]
bank = { fr = "La date et le montant.", en = "The date and the amount." }
insurance = { fr = "Rien.", en = "Nothing." }
mutuelle = { fr = "Rien.", en = "Nothing." }
"""


def _act(code: str, slug: str) -> str:
    return f"""
[[acts]]
code = "{code}"
slug = "{slug}"
name = {{ fr = "La visite {slug}", en = "The {slug} visit" }}
neutral_name = {{ fr = "Rendez-vous", en = "Appointment" }}
summary = {{ fr = "On regarde ensemble.", en = "We look together." }}
reimbursement = {{ fr = "Pris en charge à 100 % par la caisse.", en = "100 % covered." }}
minutes = 30
buffer_minutes = 5
fee_cents = 3000
place = "on_site"
practitioner_kinds = ["gardener"]
booking = "instant"
{TRACES}"""


def _purpose(slug: str, optional: bool) -> str:
    refused = '{ fr = "Rien ne change.", en = "Nothing changes." }'
    return f"""
[[purposes]]
slug = "{slug}"
name = {{ fr = "But", en = "Purpose" }}
explanation = {{ fr = "Pour le rendez-vous.", en = "For the appointment." }}
legal_basis = "RGPD art. 6(1)(b)"
recipients = {{ fr = "Le jardinier.", en = "The gardener." }}
retention = {{ fr = "90 jours.", en = "90 days." }}
retention_days = 90
optional = {str(optional).lower()}
{f"if_refused = {refused}" if optional else ""}
"""


ACTS = ("pruning", "grafting", "picking", "planting")
PROFILE = (
    """
schema_version = 1
code = "41"
slug = "orchard"
name = { fr = "Verger", en = "Orchard" }
neutral_name = { fr = "Consultation", en = "Consultation" }
introduction = { fr = "Bienvenue.", en = "Welcome." }
who_knows = { fr = "Le jardinier.", en = "The gardener." }
minors_note = { fr = "Appelez.", en = "Call." }
call_note = { fr = "On vous répond.", en = "We answer." }
not_offered = { fr = "Pas ici.", en = "Not here." }
reviewed_on = 2026-11-01
"""
    + "".join(_act(f"{place:02}", slug) for place, slug in enumerate(ACTS, 1))
    + """
[[questions]]
code = "01"
page = 1
text = { fr = "Que faut-il prévoir ?", en = "What should we prepare?" }
choices = [
  { code = "01", text = { fr = "Une échelle", en = "A ladder" } },
  { code = "02", text = { fr = "Rien", en = "Nothing" } },
]
"""
    + _purpose("care", optional=False)
    + _purpose("contact", optional=False)
    + _purpose("letter", optional=True)
    + """
[[resources]]
name = { fr = "La pépinière", en = "The nursery" }
contact = "0 800 000 000"
note = { fr = "Gratuit.", en = "Free." }

[[resources]]
name = { fr = "Le pré", en = "The meadow" }
contact = "example.org"
note = { fr = "Ouvert.", en = "Open." }
"""
)
PATHS = """
[[cells]]
acts = ["pruning", "grafting", "picking", "planting"]
bands = ["adult"]
situations = ["self"]
path = "self"
articles = ["Code rural 1"]
status = "read"

[[cells]]
acts = ["grafting"]
bands = ["under_13", "13_14"]
situations = ["self", "child"]
path = "no"
articles = ["Code rural 2"]
status = "to_review"
"""


class OrchardLexicon:
    """Betrayed by one stem."""

    def hits(self, text: str) -> list[str]:
        """Return the stem when the text holds it."""
        return ["verger"] if "verger" in text.lower() else []


def write(specialties: Path, profile: str = PROFILE, paths: str = PATHS, folder: str = "orchard") -> Path:
    """Write a specialty's two files and return its folder."""
    directory = specialties / folder
    directory.mkdir(parents=True)
    (directory / "profile.toml").write_text(profile, encoding="utf-8")
    (directory / "paths.toml").write_text(paths, encoding="utf-8")
    return directory


def changed(text: str, old: str, new: str, count: int = 1) -> str:
    """Replace the first occurrences of a piece that must be there."""
    assert old in text, old
    return text.replace(old, new, count)

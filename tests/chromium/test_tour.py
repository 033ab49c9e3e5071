"""The pictures of the tour: a patient's pages, and what neighbour, network, bank and mailbox saw."""

import base64
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from app.discretion.lexicon import shipped
from tests.chromium.test_device_traces import Keeping, history
from tests.factories.patient_in_browser import Patient, shoot
from tests.factories.served import Served

pytestmark = pytest.mark.browser

ACT = "0101"
TELEPHONE = {"width": 390, "height": 844}
STYLE = """
body{margin:0;padding:2rem;background:#fbfaf7;color:#1b2430;font:16px/1.5 system-ui,"DejaVu Sans",sans-serif}
.pages{display:flex;gap:1.5rem;align-items:flex-start}
.pages img{width:312px;border:1px solid #dce0e5;border-radius:14px}
.seen{display:grid;grid-template-columns:1fr 1fr;gap:1.25rem;width:1000px}
section{background:#fff;border:1px solid #dce0e5;border-radius:14px;padding:1.25rem}
h2{margin:0 0 .5rem;font-size:1.125rem}
p,li{margin:.25rem 0}code{font-size:.875rem}
"""


def picture(chromium: Browser, html: str, path: Path, width: int) -> None:
    """Draw a small page of ours as a picture."""
    page = chromium.new_context(viewport={"width": width, "height": 600}).new_page()
    page.set_content(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{html}")
    shoot(page, path)
    page.context.close()


def test_patient_pages(chromium: Browser, demonstration: Served, pictures: Path, tmp_path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=TELEPHONE, locale="fr-FR")  # type: ignore[arg-type]
    patient = Patient(context.new_page(), demonstration.patient, shots=tmp_path, whole_pages=False)

    patient.books(ACT)

    shots = [tmp_path / f"{number}.png" for number in ("01", "05", "08", "09")]
    images = "".join(
        f'<img alt="" src="data:image/png;base64,{base64.b64encode(shot.read_bytes()).decode()}">' for shot in shots
    )
    picture(chromium, f'<div class="pages">{images}</div>', pictures / "patient.png", 1400)
    assert (pictures / "patient.png").stat().st_size > 10_000
    context.close()


def test_what_others_saw(
    keeping: Keeping, chromium: Browser, demonstration: Served, pictures: Path, tmp_path: Path
) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=TELEPHONE, locale="fr-FR")  # type: ignore[arg-type]
    patient = Patient(context.new_page(), demonstration.patient)
    patient.books(ACT)
    sizes = {int(answer.headers["content-length"]) for answer in patient.responses if answer.status == 200}
    context.close()
    rows = _history_of_a_journey(keeping, demonstration, tmp_path)

    html = _seen(rows, sizes)
    assert shipped().hits(html) == []
    assert len(sizes) == 1
    picture(chromium, html, pictures / "seen-by-others.png", 1064)


def _history_of_a_journey(keeping: Keeping, served: Served, profile: Path) -> list[tuple[str, str]]:
    with keeping(profile) as context:
        Patient(context.new_page(), served.patient).books("0203")
    return [(url.removeprefix(served.patient), title) for url, title in history(profile) if "localhost" in url]


def _seen(rows: list[tuple[str, str]], sizes: set[int]) -> str:
    """Write what was observed, as four small cards."""
    lines = "".join(f"<li><code>{escape(url)}</code> {escape(title)}</li>" for url, title in rows)
    only = ", ".join(f"{size:,}".replace(",", " ") for size in sorted(sizes))
    return f"""
<div class="seen">
<section><h2>Qui regarde l’historique</h2><ul>{lines}</ul></section>
<section><h2>Le réseau</h2><p>Chaque page : {only} octets, ni plus ni moins.</p>
<p>Un nom de serveur et un rythme, les mêmes pour tous.</p></section>
<section><h2>La banque</h2><p>Rien : le règlement se fait sur place, après le rendez-vous.</p></section>
<section><h2>La boîte de courrier, le téléphone</h2><p>Rien : aucun message n’est parti.</p></section>
</div>"""

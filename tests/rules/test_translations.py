"""Every text is written in French and has an English of its own, with the same places for values."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import TemplateSyntaxError

from tests.rules.sources import ROOT

ENGLISH = ROOT / "app" / "web" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "_l": None, "lazy_ngettext": (1, 2), "N_": None}
Forms = str | tuple[str, ...] | list[str] | None
MAPPING = io.StringIO((ROOT / "app" / "web" / "babel.cfg").read_text(encoding="utf-8"))
METHODS, OPTIONS = parse_mapping_cfg(MAPPING)  # type: ignore[no-untyped-call]  # Babel's command line has no types
PLACE = re.compile(r"%\((\w+)\)[sd]|%%")


def said_in(folder: Path) -> set[str]:
    """Return every text that the code and templates below a folder mark for translation, once each."""
    found = extract_from_dir(folder, METHODS, OPTIONS, keywords=KEYWORDS)
    ids = (message[2] for message in found)
    return {one if isinstance(one, str) else one[0] for one in ids}


def faults_of_catalogue(said: set[str], catalogue: Catalog) -> list[str]:
    """Return the texts without English, those unsure of it, and those that lose or gain a value."""
    known = {(m.id if isinstance(m.id, str) else m.id[0]): m for m in catalogue if m.id}
    faults = [f"no English: {text}" for text in sorted(said) if text not in known or not _whole(known[text].string)]
    faults += [f"unsure: {text}" for text in sorted(said & known.keys()) if known[text].fuzzy]
    faults += [f"said no more: {text}" for text in sorted(known.keys() - said)]
    return faults + [
        f"other values: {text}" for text in sorted(said & known.keys()) if _differ(text, known[text].string)
    ]


def _whole(translated: Forms) -> bool:
    return bool(translated) if isinstance(translated, str | None) else all(translated)


def _differ(text: str, translated: Forms) -> bool:
    forms = [translated] if isinstance(translated, str | None) else translated
    return any(form and set(PLACE.findall(form)) != set(PLACE.findall(text)) for form in forms)


def test_every_text_has_its_english() -> None:
    assert ENGLISH.is_file(), "there is no English catalogue"
    said = said_in(ROOT / "app") | said_in(ROOT / "templates")
    with ENGLISH.open("rb") as file:
        catalogue = read_po(file, locale="en")
    assert faults_of_catalogue(said, catalogue) == []
    assert not catalogue.fuzzy, "a catalogue marked fuzzy as a whole is never compiled"


def catalogue_of(entries: Mapping[str, str], flag: str = "") -> Catalog:
    """Return a catalogue of invented entries."""
    lines = [f'{flag}msgid "{text}"\nmsgstr "{english}"\n' for text, english in entries.items()]
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    return read_po(io.BytesIO("\n".join([header, *lines]).encode()), locale="en")


def test_a_whole_catalogue_passes() -> None:
    assert faults_of_catalogue({"Oui %(a)s"}, catalogue_of({"Oui %(a)s": "Yes %(a)s"})) == []


def test_each_kind_of_fault_is_seen() -> None:
    assert faults_of_catalogue({"Oui"}, catalogue_of({})) == ["no English: Oui"]
    assert faults_of_catalogue({"Oui"}, catalogue_of({"Oui": ""})) == ["no English: Oui"]
    assert faults_of_catalogue({"Oui"}, catalogue_of({"Oui": "Yes"}, "#, fuzzy\n")) == ["unsure: Oui"]
    assert faults_of_catalogue(set(), catalogue_of({"Oui": "Yes"})) == ["said no more: Oui"]
    assert faults_of_catalogue({"Oui %(a)s"}, catalogue_of({"Oui %(a)s": "Yes"})) == ["other values: Oui %(a)s"]


def test_texts_of_code_and_templates_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('A = _l("un")\nB = gettext("deux")\n')
    (tmp_path / "b.html").write_text(
        "{{ _('trois %(n)s', n=1) }}{% if x %}{{ ngettext('un', 'des', n) }}{% endif %}"
    )
    assert said_in(tmp_path) == {"un", "deux", "trois %(n)s"}


def test_a_template_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{% unheard of %}{{ _('un') }}")
    with pytest.raises(TemplateSyntaxError):
        said_in(tmp_path)

"""The fields and blocks that the journey's pages are drawn with."""

from xml.etree.ElementTree import Element

import html5lib
import pytest
from jinja2 import DictLoader

from app.web.jinja import TEMPLATES, make_environment
from tests.browser import words


def drawn(call: str, *, muted: bool = False, **context: object) -> Element:
    """Return the tree of one macro's call."""
    macros = (TEMPLATES / "patient" / "macros.html").read_text(encoding="utf-8")
    page = '{% import "macros" as ui %}' + call
    environment = make_environment("fr", DictLoader({"macros": macros, "page": page}))
    environment.globals["muted"] = muted
    text = environment.get_template("page").render(context)
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree: Element = parser.parse(f"<!doctype html><title>a</title>{text}")
    return tree


def one(tree: Element, path: str) -> Element:
    found = tree.findall(f".//{path}")
    assert len(found) == 1, f"{len(found)} {path}"
    return found[0]


OPTIONS = [("01", "Oui", None), ("02", "Non", "Sans raison à donner")]


def test_radios_are_named_described_and_only_what_was_chosen_is_checked() -> None:
    tree = drawn(
        '{{ ui.radios("a", "Voulez-vous ?", options, chosen="02", error="Choisissez.", hint="Au choix.") }}',
        options=OPTIONS,
    )
    group, radios = one(tree, "fieldset"), tree.findall(".//input")
    assert words(one(tree, "legend")) == "Voulez-vous ?"
    assert [radio.get("id") for radio in radios] == [None, "a", "a-2"]
    assert ["checked" in radio.attrib for radio in radios] == [False, False, True]
    assert group.get("aria-describedby") == "a-h a-e"
    assert words(one(tree, "p[@id='a-e']")) == "Erreur : Choisissez."
    assert group.get("class") == "bad"


@pytest.mark.parametrize("chosen", ["None", "'--'", "'77'"])
def test_nothing_is_chosen_beforehand_but_that_there_is_no_answer(chosen: str) -> None:
    tree = drawn(f'{{{{ ui.radios("a", "Voulez-vous ?", options, {chosen}) }}}}', options=OPTIONS)
    assert [radio.get("value") for radio in tree.findall(".//input[@checked]")] == ["--"]
    assert one(tree, "fieldset").attrib == {}


def test_a_legend_can_be_the_pages_heading() -> None:
    tree = drawn('{{ ui.radios("a", "Voulez-vous ?", options, heading=True, columns=True) }}', options=OPTIONS)
    assert words(one(tree, "legend/h1")) == "Voulez-vous ?"
    assert one(tree, "div[@class='cols']") is not None


def test_a_text_field_keeps_what_was_typed_escaped() -> None:
    typed = '"><script>Zoé'
    call = '{{ ui.text_field("n", "Prénom", typed, error="Trop long.", inputmode="text", maxlength=40) }}'
    field = one(drawn(call, typed=typed), "input")
    assert field.get("value") == typed
    assert (field.get("maxlength"), field.get("aria-invalid"), field.get("aria-describedby")) == (
        "40",
        "true",
        "n-e",
    )
    assert field.get("autocomplete") == "off"


@pytest.mark.parametrize("typed", ["", "\nun\n", "<b>", "a\r\nb"])
def test_free_text_comes_back_whole_beside_the_emergency_numbers(typed: str) -> None:
    tree = drawn('{{ ui.text_area("t", "Un mot", typed) }}', typed=typed)
    assert (one(tree, "textarea").text or "") == typed.replace("\r\n", "\n")
    assert "3114" in words(one(tree, "p"))


def test_a_list_of_choices_selects_one() -> None:
    tree = drawn('{{ ui.select_field("s", "Lieu", [("1", "Ici"), ("2", "Là")], "2", hint="Au choix.") }}')
    assert [o.get("value") for o in tree.findall(".//option[@selected]")] == ["2"]
    assert one(tree, "label").get("for") == "s"


def test_the_error_summary_takes_the_focus_and_leads_to_each_field() -> None:
    tree = drawn("{{ ui.error_summary(errors) }}", errors=[("a", "Choisissez."), ("b", "Écrivez.")])
    assert [a.get("href") for a in tree.iter("a")] == ["#a", "#b"]
    assert {"autofocus", "tabindex", "role"} <= set(one(tree, "div").attrib)


def test_the_discreet_screen_keeps_folds_closed() -> None:
    call = '{% call ui.fold("Votre demande") %}<p>a</p>{% endcall %}'
    assert "open" in one(drawn(call), "details").attrib
    assert "open" not in one(drawn(call, muted=True), "details").attrib


def test_a_form_posts_with_its_key() -> None:
    form = one(
        drawn('{% call ui.form("/r/03", "k1") %}{{ ui.buttons(("go", "1", "Continuer")) }}{% endcall %}'), "form"
    )
    assert (form.get("method"), form.get("action"), form.get("autocomplete")) == ("post", "/r/03", "off")
    assert one(form, "input[@name='k']").get("value") == "k1"


def test_a_summary_row_can_be_changed_by_a_link_that_names_it() -> None:
    tree = drawn('{{ ui.summary_list([("Quand", "mardi", "/r/05"), ("Prix", "57 €", None)]) }}')
    assert [words(a) for a in tree.iter("a")] == ["Changer Quand"]
    assert len(tree.findall(".//dl/div")) == 2


def test_blocks_hold_what_is_given() -> None:
    tree = drawn(
        '{% call ui.card("Un titre") %}<p>a</p>{% endcall %}{% call ui.notice() %}<p>b</p>{% endcall %}'
        '{{ ui.links(("/r/01", "Commencer"), ("/retour", "Revenir")) }}',
    )
    assert [words(part) for part in one(tree, "div[@class='card']")] == ["Un titre", "a"]
    assert words(one(tree, "div[@role='status']")) == "b"
    assert [a.get("href") for a in tree.iter("a")] == ["/r/01", "/retour"]

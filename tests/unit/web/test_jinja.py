from datetime import UTC, datetime

import pytest
from jinja2 import DictLoader, UndefinedError

from app.web.jinja import make_environment


def drawn(source: str, **context: object) -> str:
    return make_environment("fr", DictLoader({"page": source})).get_template("page").render(context)


def test_what_a_person_typed_is_escaped() -> None:
    assert drawn("<p>{{ typed }}</p>", typed="<b>&'\"") == "<p>&lt;b&gt;&amp;&#39;&#34;</p>"
    assert drawn('{{ _("Bonjour %(name)s", name=typed) }}', typed="<b>") == "Bonjour &lt;b&gt;"


def test_a_constant_text_costs_no_call() -> None:
    environment = make_environment("fr", DictLoader({"page": '<p>{{ _("L’accueil") }}</p>'}))
    environment.globals["_"] = None
    template = environment.from_string
    environment.globals["_"] = lambda text: text.upper()
    page = template('{{ _("un" " deux") }}')
    environment.globals["_"] = None
    assert page.render() == "UN DEUX"


def test_a_percent_sign_in_a_text_without_values_stays() -> None:
    assert drawn('{{ _("100 % sûr") }}') == "100 % sûr"


@pytest.mark.parametrize("source", ["{{ absent }}", "{{ thing.absent }}", "{% if absent %}{% endif %}"])
def test_an_unknown_name_raises(source: str) -> None:
    with pytest.raises(UndefinedError):
        drawn(source, thing={})


def test_no_page_can_print_a_secret() -> None:
    with pytest.raises(UndefinedError):
        drawn("{{ config.SECRET_KEY }}")


def test_indentation_is_not_sent() -> None:
    assert drawn("<ul>\n    {% if 1 %}\n    <li>a</li>\n\n\n    {% endif %}\n</ul>") == "<ul>\n<li>a</li>\n</ul>"


def test_filters_know_the_language() -> None:
    moment = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    text = drawn('{{ at|moment("Europe/Paris") }} {{ at|day("Europe/Paris") }} {{ 2650|money }}', at=moment)
    assert text.replace("\u00a0", " ") == "mardi 24 novembre à 14 h 30 mardi 24 novembre 26,50 €"

"""A part of a page drawn once: the same for its key, anew for another, never kept without one."""

from jinja2 import DictLoader

from app.web.filler import with_fillers
from app.web.jinja import make_environment
from app.web.once import MOST

TEMPLATE = "{% once key %}<b>{{ draw() }}</b>{% endonce %}{% once key %}<i>{{ draw() }}</i>{% endonce %}"


class Page:
    """A page whose parts count how often they are drawn."""

    def __init__(self) -> None:
        self.environment = make_environment("fr", DictLoader({"page.html": TEMPLATE.replace("}{%", "}\n{%")}))
        self.drawn = 0

    def draw(self) -> str:
        self.drawn += 1
        return f"<{self.drawn}>"

    def show(self, key: object) -> str:
        return self.environment.get_template("page.html").render(key=key, draw=self.draw).replace("\n", "")


def test_a_part_is_drawn_once_for_its_key_and_stays_escaped() -> None:
    page = Page()
    first = page.show(("a", 1))
    assert first == "<b>&lt;1&gt;</b><i>&lt;2&gt;</i>"
    assert page.show(("a", 1)) == first
    assert page.drawn == 2


def test_another_key_is_drawn_anew() -> None:
    page = Page()
    assert page.show("a") != page.show("b")


def test_without_a_key_nothing_is_kept() -> None:
    page = Page()
    assert page.show(None) != page.show(None)


def test_two_environments_remember_apart() -> None:
    one, other = Page(), Page()
    other.draw()
    assert one.show("a") != other.show("a")


def test_the_forms_of_a_part_have_their_fillers() -> None:
    source = '{% once key %}<form method="post" action="/x"></form>{% endonce %}'
    template = make_environment("fr", DictLoader({"page.html": source})).get_template("page.html")
    assert template.render(key="a") == template.render(key="a") == with_fillers(template.render(key=None))
    assert 'name="z"' in template.render(key="a")


def test_what_is_kept_is_bounded() -> None:
    page = Page()
    before = page.show(0)
    for key in range(1, MOST):
        page.show(key)
    assert page.show(0) != before

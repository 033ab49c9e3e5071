import pytest

from app.discretion.sizes import REQUEST_BYTES, OverBudget
from app.web.filler import with_fillers
from tests.page_lint import lint_forms_of

FORM = '<form method="post" action="{}" autocomplete="off"><input type="hidden" name="k" value="key">{}</form>'
CHOICES = (
    '<label><input type="radio" name="a" value="--" checked>-</label>'
    '<label><input type="radio" name="a" id="a" value="01">1</label>'
)
SELECT = (
    '<select class="in" id="b" name="b">\n'
    '<option value="00" selected>0</option><option value="01">1</option></select>'
)
TEXT = '<input class="in" type="text" id="t" name="t" value="{}">'
BUTTONS = '<button name="go" value="01">1</button><button class="alt" name="go" value="02">2</button>'


def lint(html: str) -> None:
    lint_forms_of(f'<!doctype html><html lang="fr"><head><title>x</title></head><body>{html}</body></html>')


@pytest.mark.parametrize("action", ["/x", "/r/01", "/reglage"])
@pytest.mark.parametrize("inside", ["", CHOICES, SELECT, TEXT.format(""), TEXT.format("abc"), BUTTONS])
def test_whatever_a_form_holds_it_sends_as_much(action: str, inside: str) -> None:
    lint(with_fillers(FORM.format(action, inside)))


def test_each_form_of_a_page_has_a_filler() -> None:
    lint(with_fillers("<p>a</p>" + FORM.format("/x", "") + FORM.format("/r/01", CHOICES + BUTTONS) + "<p>b</p>"))


def test_a_form_that_has_its_filler_keeps_it() -> None:
    filled = with_fillers(FORM.format("/r/01", CHOICES))
    assert with_fillers(filled + FORM.format("/x", "")) == filled + with_fillers(FORM.format("/x", ""))


def test_a_page_without_a_form_is_left_as_it_is() -> None:
    assert with_fillers("<p>a</p>") == "<p>a</p>"


@pytest.mark.parametrize(
    "wrong",
    [
        CHOICES.replace(" checked", ""),
        CHOICES.replace('"01"', '"1"'),
        BUTTONS.replace('"02"', '"two"'),
        SELECT.replace('"01"', '"1"'),
    ],
)
def test_a_form_whose_choices_are_not_of_one_length_is_seen(wrong: str) -> None:
    with pytest.raises(AssertionError):
        lint(with_fillers(FORM.format("/r/01", wrong)))


def test_a_form_off_by_a_byte_is_seen() -> None:
    filled = with_fillers(FORM.format("/r/01", CHOICES))
    with pytest.raises(AssertionError, match=f"instead of {REQUEST_BYTES}"):
        lint(filled.replace('name="z" value="0', 'name="z" value="'))


def test_a_form_that_sends_too_much_is_a_fault_of_ours() -> None:
    hidden = f'<input type="hidden" name="h" value="{"0" * REQUEST_BYTES}">'
    with pytest.raises(OverBudget):
        with_fillers(FORM.format("/r/01", hidden))

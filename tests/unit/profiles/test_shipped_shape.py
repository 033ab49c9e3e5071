"""What the shipped specialties have in common, so that a form's shape tells nothing; and what the law fixes."""

from app.discretion.lexicon import SHIPPED
from app.profiles.loader import load_all
from app.profiles.models import Band

SHIPPED_PROFILES = load_all(SHIPPED.parent)
MINORS: tuple[Band, ...] = ("under_13", "13_14", "15", "16_17")


def test_every_act_of_every_specialty_asks_as_many_questions() -> None:
    """A form with one question less would be shorter, and its length would name the act."""
    asked = {
        (slug, act.slug): len(published.profile.questions_for(act, 1))
        for slug, published in SHIPPED_PROFILES.items()
        for act in published.profile.acts
    }
    assert set(asked.values()) == {3}, asked


def test_every_specialty_has_the_same_purposes() -> None:
    told = {tuple((p.slug, p.optional) for p in shipped.profile.purposes) for shipped in SHIPPED_PROFILES.values()}
    assert len(told) == 1


def test_abortion_is_free_and_never_waits_for_a_proposal() -> None:
    """It is booked at once or confirmed, never *asked for* (CSP L.2212-1: the sooner, the better)."""
    acts = SHIPPED_PROFILES["reproductive_health"].profile.acts
    (act,) = [act for act in acts if act.slug == "abortion_first_visit"]
    assert act.booking != "ask"
    assert act.fee_cents == 0
    assert 30 <= act.minutes <= 45
    assert "ivg.gouv.fr" in act.summary.fr
    assert "0 800 08 11 11" in act.summary.fr


def test_emergency_contraception_sends_to_the_pharmacy_first() -> None:
    """Said before anything is typed: in the introduction, the act, and the note of who must call (CSP D.5134-1)."""
    profile = SHIPPED_PROFILES["reproductive_health"].profile
    (act,) = [act for act in profile.acts if act.slug == "emergency_contraception"]
    for text in (profile.introduction, act.summary, profile.call_note):
        assert "pharmacie" in text.fr
        assert "sans ordonnance" in text.fr
        assert "pharmacy" in text.en
        assert "prescription" in text.en


def test_aesthetics_asks_for_no_money_in_advance() -> None:
    """Unreimbursed acts say so, and say that no deposit is asked; surgery says its 15 full days (CSP L.6322-2)."""
    acts = {act.slug: act for act in SHIPPED_PROFILES["aesthetics"].profile.acts}
    for slug, act in acts.items():
        if slug not in {"scar_reconstructive", "surgery_first_consultation"}:
            assert "Aucun acompte" in act.reimbursement.fr, slug
    surgery = acts["surgery_first_consultation"].reimbursement
    assert "15 jours pleins" in surgery.fr
    assert "15 full days" in surgery.en


def test_botulinum_toxin_is_not_offered_under_eighteen() -> None:
    """The marketing authorisation names adults."""
    paths = SHIPPED_PROFILES["aesthetics"].paths
    assert {paths.path("botulinum_consultation", band, "self") for band in MINORS} == {"no"}
    assert paths.path("scar_reconstructive", "13_14", "child") == "call"

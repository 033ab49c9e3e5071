"""Another slot, offered by the clinic, kept for the patient, accepted or left."""

from datetime import timedelta

from sqlalchemy import select

from app.booking import space
from app.booking.signed import Signed
from app.front.models import SlotCell
from app.worker.tidy import tidy
from tests.browser import words
from tests.factories.staffed import Staffed


def propose(clinic: Staffed, sent: Signed, login: str = "accueil", index: int = 0) -> str:
    """Let somebody propose the n-th slot shown; return its code."""
    browser = clinic.sign_in(login)
    page = browser.get(
        f"/visite/{sent.submission}/proposer?des={(clinic.house.clock() + timedelta(days=4)).date()}"
    )
    code = [one.get("value") or "" for one in page.main.iter("input") if one.get("name") == "slot"][index]
    browser.submit({"slot": code, "message": "Et là ?"}, button="Proposer ce créneau")
    return code


def kinds_of_cells(clinic: Staffed) -> set[str]:
    """Return the kinds of every taken cell."""
    with clinic.house.db.reading("front") as session:
        return set(session.scalars(select(SlotCell.kind)))


def test_a_proposed_slot_is_shown_kept_and_accepted(clinic: Staffed) -> None:
    sent = clinic.send("ask")
    code = propose(clinic, sent)
    assert clinic.visit(sent).state == "proposed"
    assert kinds_of_cells(clinic) == {"proposal"}
    clinic.work()
    view = space.read_space(clinic.services.funnel, sent)
    assert [one["code"] for one in view.proposals()] == [code]
    assert view.document["message"] == "Et là ?"
    space.accept(clinic.services.funnel, sent, view.version, code)
    clinic.work()
    visit = clinic.visit(sent)
    assert (visit.state, visit.starts_at) == ("booked", space.read_space(clinic.services.funnel, sent).starts_at)
    assert visit.practitioner_id is not None
    assert kinds_of_cells(clinic) == {"appointment"}
    assert "déplacé" in clinic.sign_in("accueil").get(f"/visite/{sent.submission}").text


def test_two_slots_may_be_offered_and_the_one_left_is_freed(clinic: Staffed) -> None:
    sent = clinic.send("ask")
    propose(clinic, sent)
    code = propose(clinic, sent, index=3)
    clinic.work()
    view = space.read_space(clinic.services.funnel, sent)
    assert len(view.proposals()) == 2
    space.accept(clinic.services.funnel, sent, view.version, code)
    clinic.work()
    assert kinds_of_cells(clinic) == {"appointment"}
    with clinic.house.db.reading("front") as session:
        assert set(session.scalars(select(SlotCell.owner))) == {sent.submission}


def test_a_slot_taken_meanwhile_is_said_and_the_message_kept(clinic: Staffed) -> None:
    one, other = clinic.send("ask"), clinic.send("ask")
    browser = clinic.sign_in("accueil")
    day = (clinic.house.clock() + timedelta(days=4)).date()
    browser.get(f"/visite/{one.submission}/proposer?des={day}")
    code = [i.get("value") or "" for i in browser.shown.main.iter("input") if i.get("name") == "slot"][0]
    _path, data = browser.shown.filled({"slot": code, "message": "Mot gardé"}, "Proposer ce créneau")
    assert browser.post(f"/visite/{one.submission}/proposer", data).path == f"/visite/{one.submission}"
    page = browser.post(f"/visite/{other.submission}/proposer", data, status=409)
    assert "vient d’être pris" in page.text or "n’est plus libre" in page.text
    assert "Mot gardé" in page.html
    assert clinic.visit(other).state == "requested"


def test_a_slot_outside_the_hours_or_invented_is_refused(clinic: Staffed) -> None:
    sent = clinic.send("ask")
    browser = clinic.sign_in("accueil")
    browser.get(f"/visite/{sent.submission}/proposer")
    _path, data = browser.shown.filled({}, "Proposer ce créneau")
    for code in ("0" * 16, "zz", "é" * 16):
        browser.post(f"/visite/{sent.submission}/proposer", data | {"slot": code}, status=409)
    browser.post(f"/visite/{sent.submission}/proposer", {k: v for k, v in data.items() if k != "slot"}, status=422)
    assert clinic.visit(sent).state == "requested"


def test_only_who_may_take_the_visit_is_offered(clinic: Staffed) -> None:
    sent = clinic.send("ask")
    stranger = clinic.stranger_to(clinic.visit(sent))
    browser = clinic.sign_in("accueil")
    shown = words(browser.get(f"/visite/{sent.submission}/proposer").main)
    assert clinic.people[stranger].name not in shown


def test_a_proposal_nobody_answers_runs_out_and_its_time_is_free(clinic: Staffed) -> None:
    sent = clinic.send("ask")
    propose(clinic, sent)
    clinic.house.clock.forward(days=3, minutes=1)
    tidy(clinic.house.db, clinic.house.clock)
    assert kinds_of_cells(clinic) == set()
    page = clinic.sign_in("accueil").get("/demandes")
    assert "En attente de la réponse du patient" in page.text
    propose(clinic, sent)
    assert kinds_of_cells(clinic) == {"proposal"}


def test_a_present_time_stays_until_the_new_one_is_accepted(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=(clinic.house.clock() + timedelta(days=3)).date())
    before = clinic.visit(sent).starts_at
    propose(clinic, sent, index=5)
    assert clinic.visit(sent).starts_at == before
    assert kinds_of_cells(clinic) == {"appointment", "proposal"}
    desk = clinic.sign_in("accueil")
    desk.get(f"/visite/{sent.submission}/garder")
    desk.submit({"message": "Finalement, gardons."})
    assert clinic.visit(sent).state == "booked"
    assert kinds_of_cells(clinic) == {"appointment"}

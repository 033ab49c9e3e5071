"""What staff decide reaches the agenda, the ledger and the patient's space, once, over the version they saw."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.booking import space
from app.booking.signed import Signed
from app.clinic.decisions import decide
from app.desk.errors import VersionConflict
from app.desk.models import Visit
from app.front.models import SlotCell
from tests.factories.staffed import StaffBrowserOf, Staffed


def soon(clinic: Staffed) -> Any:
    """Return a day with free slots."""
    return (clinic.house.clock() + timedelta(days=3)).date()


def space_of(clinic: Staffed, of: Signed) -> Mapping[str, Any]:
    """Return what a patient reads, once the worker has passed."""
    clinic.work()
    return space.read_space(clinic.services.funnel, of).document


def propose_another(clinic: Staffed, browser: StaffBrowserOf, path: str) -> None:
    """Let somebody propose the first slot shown."""
    browser.get(f"{path}/proposer?des={soon(clinic) + timedelta(days=3)}")
    code = next(one.get("value") or "" for one in browser.shown.main.iter("input") if one.get("name") == "slot")
    browser.submit({"slot": code, "message": "Et là ?"}, button="Proposer ce créneau")


def cells_of(clinic: Staffed, owner: UUID) -> int:
    """Return how many cells somebody has."""
    with clinic.house.db.reading("front") as session:
        return len(session.scalars(select(SlotCell.cell).where(SlotCell.owner == owner)).all())


def test_a_request_is_confirmed_and_the_patient_reads_it(clinic: Staffed) -> None:
    sent = clinic.send("to_confirm", day=soon(clinic))
    assert space_of(clinic, sent)["state"] == "requested"
    browser = clinic.sign_in(clinic.login_of(clinic.visit(sent)))
    browser.get(f"/dossier/{sent.submission}")
    browser.submit(button="Confirmer l’horaire")
    assert clinic.visit(sent).state == "booked"
    assert space_of(clinic, sent)["state"] == "booked"
    change = clinic.events("visit.changed")[-1]
    assert change["subjects"] == [str(sent.pseudonym)]
    assert (change["fields"]["from_state"], change["fields"]["to_state"]) == ("requested", "booked")


def test_a_request_is_declined_with_a_reason_and_its_time_is_free_again(clinic: Staffed) -> None:
    sent = clinic.send("to_confirm", day=soon(clinic))
    browser = clinic.sign_in(clinic.login_of(clinic.visit(sent)))
    assert cells_of(clinic, sent.submission) > 0
    browser.get(f"/visite/{sent.submission}/refuser")
    browser.submit({"message": "  "}, status=422)
    browser.submit({"message": "Voyez <b>votre</b> médecin"})
    assert clinic.visit(sent).state == "declined"
    shown = space_of(clinic, sent)
    assert (shown["state"], shown["message"]) == ("declined", "Voyez <b>votre</b> médecin")
    assert cells_of(clinic, sent.submission) == 0


def test_the_desk_can_t_make_an_appointment_of_a_request_by_proposing_then_keeping(clinic: Staffed) -> None:
    sent = clinic.send("to_confirm", day=soon(clinic))
    desk, path = clinic.sign_in("accueil"), f"/visite/{sent.submission}"
    assert "Annuler" not in desk.get(path).text
    desk.get(f"{path}/annuler", status=409)
    propose_another(clinic, desk, path)
    shown = desk.get(path).text
    assert not [word for word in ("Garder", "Arrivé·e", "Absent·e", "Annuler") if word in shown]
    desk.get(f"{path}/garder", status=409)
    desk.get(f"{path}/proposer")
    data = {"csrf_token": desk.csrf, "version": "2"}
    for action in ("arrivee", "absence"):
        desk.post(f"{path}/{action}", data, status=409)
    assert clinic.visit(sent).state == "proposed"
    owner = clinic.sign_in(clinic.login_of(clinic.visit(sent)))
    owner.get(f"/dossier/{sent.submission}")
    owner.submit(button="Confirmer l’horaire")
    propose_another(clinic, desk, path)
    assert "Garder" in desk.get(path).text


def test_arrived_seen_and_a_slip_of_the_hand(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=clinic.house.clock().date())
    desk = clinic.sign_in("accueil")
    name = desk.get(f"/visite/{sent.submission}").heading
    desk.get("/jour")
    states = []
    for button in ("Absent·e", "Corriger", "Arrivé·e", "Vu·e"):
        desk.submit(button=f"{button} {name}")
        assert desk.shown.path == "/jour", "a mark made on the list comes back to the list"
        states.append(clinic.visit(sent).state)
    assert states == ["absent", "booked", "arrived", "seen"]
    assert clinic.visit(sent).version == 5


def test_a_written_question_and_a_call_are_answered(clinic: Staffed) -> None:
    for wanted in ({"writes": True}, {"answer_by": "call"}, {"answer_by": "come"}):
        sent = clinic.send(**wanted)
        desk = clinic.sign_in("accueil")
        desk.get(f"/visite/{sent.submission}/repondre")
        desk.submit({"message": "Oui, c’est possible."})
        assert clinic.visit(sent).state == "answered"
        assert space_of(clinic, sent)["message"] == "Oui, c’est possible."


def test_the_clinic_cancels_and_the_time_is_free(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=soon(clinic))
    desk = clinic.sign_in("accueil")
    desk.get(f"/visite/{sent.submission}/annuler")
    desk.submit({"message": "Nous en sommes désolés."})
    assert space_of(clinic, sent)["state"] == "cancelled"
    assert cells_of(clinic, sent.submission) == 0


def test_a_wish_to_move_can_be_answered_by_keeping_the_time(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=soon(clinic))
    view = space.read_space(clinic.services.funnel, sent)
    space.ask_move(clinic.services.funnel, sent, view.version)
    clinic.work()
    assert clinic.visit(sent).state == "move_asked"
    desk = clinic.sign_in("accueil")
    desk.get(f"/visite/{sent.submission}/garder")
    desk.submit({"message": "Il n’y a pas d’autre heure."})
    assert space_of(clinic, sent)["state"] == "booked"
    assert cells_of(clinic, sent.submission) > 0


def test_the_second_of_two_who_act_at_once_changes_nothing(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=clinic.house.clock().date())
    one, other = clinic.sign_in("accueil"), clinic.sign_in("accueil2")
    one.get(f"/visite/{sent.submission}")
    other.get(f"/visite/{sent.submission}")
    one.submit(button="Arrivé·e")
    assert other.submit(button="Absent·e", status=409).heading == "Quelqu’un d’autre vient d’agir"
    assert clinic.visit(sent).state == "arrived"
    with pytest.raises(VersionConflict):
        decide(clinic.services, clinic.people["accueil"], sent.submission, 1, "arrive")


def test_with_the_ledger_down_nothing_changes(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=clinic.house.clock().date())
    desk = clinic.sign_in("accueil")
    desk.get(f"/visite/{sent.submission}")
    with clinic.without("ledger"):
        desk.submit(button="Arrivé·e", status=503)
    assert clinic.visit(sent).state == "booked"


def test_a_patient_s_cancellation_wins_over_a_decision_on_its_way(clinic: Staffed) -> None:
    sent = clinic.send("to_confirm", day=soon(clinic))
    view = space.read_space(clinic.services.funnel, sent)
    space.cancel(clinic.services.funnel, sent, view.version)
    person = clinic.people[clinic.login_of(clinic.visit(sent))]
    decide(clinic.services, person, sent.submission, 1, "confirm")
    assert space_of(clinic, sent)["state"] == "cancelled"
    assert clinic.visit(sent).state == "cancelled"
    assert cells_of(clinic, sent.submission) == 0


def test_a_message_is_sealed_in_the_queue(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=soon(clinic))
    decide(clinic.services, clinic.people["accueil"], sent.submission, 1, "cancel", "marqueur-trouvable")
    for file in clinic.house.root.glob("*.sqlite*"):
        assert b"marqueur-trouvable" not in file.read_bytes(), file.name


@pytest.mark.parametrize("data", [{}, {"version": "x"}, {"version": "1", "back": "//evil"}])
def test_a_malformed_action_is_refused_calmly(clinic: Staffed, data: dict[str, str]) -> None:
    sent = clinic.send("instant", day=clinic.house.clock().date())
    desk = clinic.sign_in("accueil")
    desk.get(f"/visite/{sent.submission}")
    desk.post(f"/visite/{sent.submission}/arrivee", {"csrf_token": desk.csrf} | data, status=400)
    assert clinic.visit(sent).state == "booked"


def test_a_body_of_ten_megabytes_is_refused(clinic: Staffed) -> None:
    desk = clinic.sign_in("accueil")
    desk.get("/absences")
    desk.post("/absences", {"csrf_token": desk.csrf, "resource": "x" * 10_000_000}, status=413)


def test_an_erased_space_does_not_stop_the_agenda(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=clinic.house.clock().date())
    with clinic.house.db.writing("keys") as session:
        for purpose in ("space", "contact", "care"):
            clinic.house.keystore.destroy(session, sent.pseudonym, purpose)
    desk = clinic.sign_in("accueil")
    page = desk.get(f"/visite/{sent.submission}")
    assert page.heading == "nom effacé"
    desk.submit(button="Arrivé·e")
    assert clinic.visit(sent).state == "arrived"
    owner = clinic.sign_in(clinic.login_of(clinic.visit(sent)))
    owner.get(f"/dossier/{sent.submission}", status=410)


def test_a_visit_changed_behind_is_met_by_its_version(clinic: Staffed) -> None:
    sent = clinic.send("instant", day=clinic.house.clock().date())
    desk = clinic.sign_in("accueil")
    desk.get(f"/visite/{sent.submission}/annuler")
    with clinic.house.db.writing("desk") as session:
        session.execute(update(Visit).where(Visit.id == sent.submission).values(version=9))
    desk.submit({"message": "Annulé."}, status=409)
    assert clinic.visit(sent).state == "booked"

"""The table of roles and routes: every cell, and every object by somebody it doesn't concern."""

from uuid import uuid4

import pytest

from app.clinic.roles import EVERYBODY, declared_roles
from tests.factories.staffed import Staffed

ALL, CARE, PRACTITIONER, DESK, ADMIN = (
    frozenset({"practitioner", "desk", "administrator"}),
    frozenset({"practitioner", "desk"}),
    frozenset({"practitioner"}),
    frozenset({"desk"}),
    frozenset({"administrator"}),
)
TABLE = {
    **dict.fromkeys(("access.home", "access.sign_in", "access.second_factor", "demo.demo"), EVERYBODY),
    **dict.fromkeys(("access.invitation", "access.new_password", "access.new_factor"), EVERYBODY),
    "access.leave": ALL,
    **dict.fromkeys(("agenda.requests", "agenda.day", "agenda.week", "visit.visit", "proposal.propose"), CARE),
    **dict.fromkeys(("visit.arrive", "visit.see", "visit.miss", "visit.reopen", "visit.keep"), CARE),
    **dict.fromkeys(("visit.join", "visit.part"), CARE),
    **dict.fromkeys(("visit.answer", "visit.cancel", "absence.absences", "absence.remove"), CARE),
    **dict.fromkeys(("entry.entry_first", "entry.entry_second"), CARE),
    **dict.fromkeys(("visit.case", "visit.confirm", "visit.decline"), PRACTITIONER),
    **dict.fromkeys(("team.team", "team.invite_again", "team.disable", "team.enable", "team.end_sessions"), ADMIN),
    **dict.fromkeys(("places.sites", "places.site", "places.add_room", "places.remove_room"), ADMIN),
    **dict.fromkeys(("places.hours", "places.add_hours", "places.remove_hours"), ADMIN),
    **dict.fromkeys(("places.practitioner", "places.rules"), ADMIN),
    **dict.fromkeys(("retention.overview", "retention.file", "retention.erase", "retention.take_back"), ADMIN),
    **dict.fromkeys(("retention.hold", "retention.lift", "retention.agree"), ADMIN),
}
LOGINS = {"practitioner": "ines", "desk": "accueil", "administrator": "direction", None: None}


def test_every_route_is_declared_as_the_table_says(clinic: Staffed) -> None:
    views = {name: declared_roles(view) for name, view in clinic.app.view_functions.items() if name != "static"}
    assert views == TABLE


@pytest.mark.parametrize("role", LOGINS)
def test_every_cell_of_the_table_is_enforced(clinic: Staffed, role: str | None) -> None:
    login = LOGINS[role]
    browser = clinic.sign_in(login) if login else clinic.browser()
    if not login:
        browser.get("/connexion")
    token, some_id = browser.csrf, str(uuid4())
    for rule in clinic.app.url_map.iter_rules():
        if rule.endpoint in ("static", "access.leave") or TABLE[rule.endpoint] is EVERYBODY:
            continue
        allowed = role in TABLE[rule.endpoint]
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<uuid:{argument}>", some_id)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            response = clinic.app.test_client(use_cookies=False).open(
                path,
                method=method,
                data={"csrf_token": token} if method == "POST" else None,
                headers={"Cookie": f"c={browser.token}"},
            )
            cell = (rule.endpoint, method, role)
            refused = response.status_code == 403 if role else response.location == "/connexion"
            assert refused is not allowed, cell
            assert response.status_code != 500, cell


def test_a_view_that_says_nothing_is_not_served(clinic: Staffed) -> None:
    clinic.app.view_functions["agenda.week"] = lambda: "open to the world"
    clinic.sign_in("accueil").get("/semaine", status=404)


def test_a_case_is_its_practitioners_alone(clinic: Staffed) -> None:
    visit = clinic.visit(clinic.send("instant", day=clinic.house.clock().date()))
    owner, stranger = clinic.login_of(visit), clinic.stranger_to(visit)
    assert clinic.sign_in(owner).get(f"/dossier/{visit.id}").heading
    outsider = clinic.sign_in(stranger)
    for path in ("/dossier/{}", "/visite/{}", "/visite/{}/proposer", "/visite/{}/annuler"):
        missing = outsider.get(path.format(uuid4()), status=404).text
        assert outsider.get(path.format(visit.id), status=404).text == missing, "theirs and missing must look alike"
    for action in ("arrivee", "vu", "absence", "confirmer"):
        outsider.get("/absences")
        data = {"csrf_token": outsider.csrf, "version": "1"}
        outsider.post(f"/visite/{visit.id}/{action}", data, status=404)
    assert clinic.visit(visit.id).state == "booked"
    assert [e["fields"]["actor"] for e in clinic.events("case.opened")] == [str(clinic.people[owner].id)]


def test_a_practitioner_s_lists_hold_their_own_visits(clinic: Staffed) -> None:
    visits = [clinic.visit(clinic.send("instant", day=clinic.house.clock().date())) for _ in range(4)]
    for login, person in clinic.people.items():
        if person.practitioner is None:
            continue
        own = {str(visit.id) for visit in visits if visit.practitioner_id == person.practitioner}
        html = clinic.sign_in(login).get("/semaine").html
        assert {str(visit.id) for visit in visits if str(visit.id) in html} == own


def test_an_account_that_is_no_practitioner_s_sees_nothing(clinic: Staffed) -> None:
    clinic.send("instant", day=clinic.house.clock().date())
    admin = clinic.sign_in("direction")
    admin.get("/horaires")
    for login in ("ines", "paul", "maud", "salome", "hugo"):
        person = clinic.people[login]
        admin.get(f"/praticiens/{person.practitioner}")
        admin.submit({"Compte de connexion": "Personne"})
    for login in ("ines", "hugo"):
        assert "Rien" in clinic.sign_in(login).get("/jour").text

"""The container files of docs/deploy, read: patients' pages have no way to the clinic's databases, nor to a key."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from app.config import ROOT

DEPLOY = ROOT / "docs" / "deploy"
ZONES = ("patient", "clinic", "worker")
DATABASES = ("db-front", "db-clinic")
LINKS = {
    "hba_file": "/etc/paravent-hba/pg_hba.conf",
    "ssl": "on",
    "ssl_cert_file": "/etc/paravent/postgresql.pem",
    "ssl_key_file": "/etc/paravent/postgresql.pem",
    "ssl_ca_file": "/etc/paravent/authority.pem",
    "ssl_min_protocol_version": "TLSv1.3",
}
MOUNTS = {"./pg_hba.conf:/etc/paravent-hba/pg_hba.conf:ro", "./pki-db:/etc/paravent:ro"}
COMPILERS = re.compile(r"\b(gcc|g\+\+|clang|make|cargo|rustc|build-essential|\S+-dev)\b")
Document = dict[str, Any]


@pytest.fixture
def compose() -> Document:
    """What compose.yaml says."""
    read: Document = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return read


def faults_of_compose(document: Document) -> list[str]:
    """Return each way by which patients' pages could reach the clinic's side, and what is not closed in."""
    services: dict[str, Document] = document["services"]
    patient = services["patient"]
    near = {name for name, one in services.items() if set(one["networks"]) & set(patient["networks"])} - {"patient"}
    faults = [f"patient meets {name}" for name in sorted(near - {"proxy", "db-front"})]
    faults += [f"{net} leads out" for net in patient["networks"] if not document["networks"][net].get("internal")]
    faults += ["a port of the patient zone is open past the proxy"] if "ports" in patient else []
    given = str(patient.get("env_file", "")) + str(patient.get("environment", "")) + str(patient.get("volumes", ""))
    faults += [f"patient is given {word}" for word in ("clinic", "worker", "KEYSTORE", "cli.env") if word in given]
    faults += [f"{zone}: {fault}" for zone in ZONES for fault in _open(services[zone])]
    faults += [f"{name}: {fault}" for name in DATABASES for fault in _uncertified(services[name])]
    faults += [
        f"{name}: an image of an address" for name, one in services.items() if "." in one["image"].split("/")[0]
    ]
    return faults


def _open(service: Document) -> list[str]:
    closed = {
        "writes its root": service.get("read_only") is True,
        "keeps capabilities": service.get("cap_drop") == ["ALL"] and "cap_add" not in service,
        "may gain privileges": "no-new-privileges:true" in service.get("security_opt", []),
        "makes core dumps": service.get("ulimits", {}).get("core") == 0,
        "is root": not str(service.get("user", "0")).startswith(("0", "root")),
        "is privileged": not service.get("privileged"),
        "is watched by nobody": "9101/ready" in str(service.get("healthcheck")),
    }
    return [fault for fault, well in closed.items() if not well]


def _uncertified(database: Document) -> list[str]:
    """Return what a database server is not told, or not given, to let in none but certified logins over TLS 1.3."""
    told = dict(word.removeprefix("-c").split("=", 1) for word in database.get("command", ()))
    faults = [f"{setting} is not {wanted}" for setting, wanted in LINKS.items() if told.get(setting) != wanted]
    return faults + [f"lacks {mount}" for mount in sorted(MOUNTS - {*database["volumes"]})]


def test_patients_pages_meet_no_database_of_the_clinic(compose: Document) -> None:
    assert faults_of_compose(compose) == []


def test_the_two_sides_run_as_two_users(compose: Document) -> None:
    users = {zone: compose["services"][zone]["user"] for zone in ZONES}
    assert users["patient"] not in (users["clinic"], users["worker"])


def _put(document: Document, path: str, value: Any) -> None:
    *way, last = path.split("/")
    for name in way:
        document = document[name]
    document[last] = value


MUTATIONS: dict[str, Callable[[Document], None]] = {
    "patient meets db-clinic": lambda d: d["services"]["patient"]["networks"].append("clinic-silos"),
    "patient meets clinic": lambda d: d["services"]["patient"]["networks"].append("front-inner"),
    "front-outer leads out": lambda d: _put(d, "networks/front-outer", {}),
    "patient is given clinic": lambda d: d["services"]["patient"]["volumes"].append("clinic:/x:ro"),
    "patient is given worker": lambda d: d["services"]["patient"]["env_file"].append("env/worker.env"),
    "patient is given KEYSTORE": lambda d: _put(d, "services/patient/environment/PARAVENT_KEYSTORE", "/k"),
    "a port of the patient zone is open past the proxy": lambda d: _put(d, "services/patient/ports", ["8000:8000"]),
    "clinic: is root": lambda d: d["services"]["clinic"].pop("user"),
    "worker: writes its root": lambda d: _put(d, "services/worker/read_only", value=False),
    "patient: keeps capabilities": lambda d: _put(d, "services/patient/cap_add", ["NET_ADMIN"]),
    "patient: may gain privileges": lambda d: _put(d, "services/patient/security_opt", []),
    "worker: makes core dumps": lambda d: _put(d, "services/worker/ulimits", {}),
    "clinic: is privileged": lambda d: _put(d, "services/clinic/privileged", value=True),
    "clinic: is watched by nobody": lambda d: d["services"]["clinic"].pop("healthcheck"),
    "db-front: ssl is not on": lambda d: d["services"]["db-front"]["command"].remove("-cssl=on"),
    "db-clinic: hba_file is not /etc/paravent-hba/pg_hba.conf": lambda d: d["services"]["db-clinic"].pop("command"),
    "db-clinic: lacks ./pki-db:/etc/paravent:ro": lambda d: d["services"]["db-clinic"]["volumes"].pop(),
    "proxy: an image of an address": lambda d: _put(d, "services/proxy/image", "hub.example.org/nginx"),
}


@pytest.mark.parametrize("fault", MUTATIONS)
def test_a_file_that_opens_a_way_is_seen(compose: Document, fault: str) -> None:
    changed = copy.deepcopy(compose)
    MUTATIONS[fault](changed)
    assert fault in faults_of_compose(changed)


def test_the_table_of_networks_says_what_the_file_does(compose: Document) -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    (head,) = re.findall(r"^# .*:  +edge .*$", text, re.MULTILINE)
    columns = {name: head.index(f" {name}") + 1 for name in compose["networks"]}
    rows = {row.split()[1]: row for row in re.findall(r"^#   \S.*$", text, re.MULTILINE)}
    drawn = {name: {net for net, at in columns.items() if row[at : at + 1] == "x"} for name, row in rows.items()}
    assert drawn == {name: set(one["networks"]) for name, one in compose["services"].items()}


def faults_of_image(text: str) -> list[str]:
    """Return what an image's recipe fetches, builds or leaves."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    steps = [line for line in lines if line and not line.startswith("#")]
    last = steps[max(i for i, line in enumerate(steps) if line.startswith("FROM")) :]
    users = [line.split()[1] for line in last if line.startswith("USER")]
    installs = [line for line in steps if "pip install" in line]
    wanted = ("--no-index", "--require-hashes", "--only-binary :all:")
    checks = {
        "a base that is not Debian slim": all(
            re.fullmatch(r"FROM debian:\w+-slim( AS \w+)?", line) for line in steps if line.startswith("FROM")
        ),
        "a compiler": not any(COMPILERS.search(line) for line in steps),
        "an address": not re.search(r"https?://|--index-url|--extra-index", "\n".join(steps)),
        "a package that is not checked": bool(installs) and all(w in line for line in installs for w in wanted),
        "root": bool(users) and not users[-1].startswith(("0", "root")),
        "pip in the last stage": not any("pip" in line for line in last),
    }
    return [fault for fault, well in checks.items() if not well]


def test_the_image_is_built_from_checked_wheels_and_runs_as_nobody() -> None:
    assert faults_of_image((DEPLOY / "Containerfile").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("FROM debian:bookworm-slim\n", "FROM hub.example.org/debian\n", "a base that is not Debian slim"),
        ("python3-minimal", "gcc", "a compiler"),
        ("python3-minimal", "libpango1.0-dev", "a compiler"),
        ("--no-index", "--index-url https://example.org", "an address"),
        ("--require-hashes", "", "a package that is not checked"),
        ("USER 10001:10001", "USER root", "root"),
        ("USER 10001:10001", "", "root"),
    ],
)
def test_an_image_that_is_less_careful_is_seen(before: str, after: str, fault: str) -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert before in text
    assert fault in faults_of_image(text.replace(before, after))

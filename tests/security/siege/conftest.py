"""A server of PostgreSQL for the siege, an installation on it, and people before its zones."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.rights import Names
from tests.factories.cluster import Cluster, own_cluster
from tests.factories.house import MONDAY, House
from tests.factories.patient import Patient
from tests.factories.zoned import Zoned, build_zoned
from tests.security.siege.staff import StaffedByRoles, staffed_by_roles

Arrives = Callable[[], Patient]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server that asks for passwords."""
    with own_cluster() as started:
        yield started


@pytest.fixture(scope="session")
def zoned(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zoned]:
    """An installation whose zones have their own logins."""
    built = build_zoned(tmp_path_factory.mktemp("zoned"), cluster.admin_url)
    yield built
    built.dispose()


@pytest.fixture(scope="session")
def zoned_app(zoned: Zoned) -> Flask:
    """Its patient zone, with the patient zone's rights alone."""
    return zoned.patient_app()


@pytest.fixture
def house(zoned: Zoned) -> House:
    """The house on Monday morning as its command line sees it, nobody having come yet."""
    zoned.owner.clock.now = MONDAY
    zoned.empty()
    return zoned.owner


@pytest.fixture
def app(house: House, zoned_app: Flask) -> Flask:
    """The patient zone."""
    return zoned_app


@pytest.fixture
def patient(app: Flask) -> Patient:
    """Somebody before the patient zone."""
    return Patient(app)


@pytest.fixture
def another(app: Flask) -> Arrives:
    """Let somebody else arrive, or the same person on another device."""
    return lambda: Patient(app)


@pytest.fixture(scope="session")
def staffed_house(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zoned]:
    """A second installation on the same server, for the staff."""
    built = build_zoned(tmp_path_factory.mktemp("staffed"), cluster.admin_url, Names("second"))
    yield built
    built.dispose()


@pytest.fixture
def clinic(staffed_house: Zoned) -> StaffedByRoles:
    """A clinic whose invented staff can sign in, without a patient; each zone with its own rights."""
    staffed_house.owner.clock.now = MONDAY
    return staffed_by_roles(staffed_house)

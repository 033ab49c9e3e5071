"""One installation that a proxy stands before, as an operator would start it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.factories.served import Served, serve


@pytest.fixture(scope="session")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The patient process, told that one proxy of the clinic stands before it and that browsers speak TLS."""
    values = {"PARAVENT_TLS": "1", "PARAVENT_PROXY_HOPS": "1"}
    with serve(tmp_path_factory.mktemp("behind"), values=values) as served:
        yield served


@pytest.fixture(scope="session")
def port_behind(behind: Served) -> int:
    """Where it listens."""
    port = urlsplit(behind.patient).port
    assert port
    return port

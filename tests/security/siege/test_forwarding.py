"""The worker sends the ledger's events with its own login on PostgreSQL, sealed ones of staff too."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from app.clock import system_clock
from app.ledger.service import record
from app.vault.pki import new_authority
from app.worker import siem_line
from app.worker.loop import rounds
from tests.factories.house import House
from tests.factories.kept_ledger import ACTOR, CASE
from tests.factories.siem_events import read_frames, read_syslog
from tests.factories.siem_peers import a_peer, honest, server_context, siem_at
from tests.factories.siem_receiver import certify, until
from tests.factories.zoned import Zoned

pytestmark = pytest.mark.postgres


def test_the_worker_s_own_login_is_enough(
    house: House, zoned: Zoned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siem_line, "LISTENING_SECONDS", 0.05)
    certify(tmp_path, new_authority("Paravent trial", system_clock()))
    staff, worker, patient = zoned.zones["clinic"], zoned.zones["worker"], uuid4()
    record(staff.db, house.clock(), "clinic", "case.opened", [patient], ["care"], **CASE)
    with a_peer(server_context(tmp_path), honest) as (port, heard):
        siem = siem_at(tmp_path, port)
        todo = {one.kind: one for one in rounds(worker.db, worker.vault, worker.clock, tmp_path, siem)}
        todo["chain"].run()
        todo["forwarding"].run()
        assert until((tmp_path / "forwarded.json").exists)
    told = [json.loads(read_syslog(one).text) for one in read_frames(bytes(heard))]
    assert [one["user"]["id"] for one in told if one["event"]["action"] == "case.opened"] == [str(ACTOR)]
    assert str(patient) not in heard.decode()

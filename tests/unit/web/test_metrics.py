import json
import logging
import os
import shutil
from pathlib import Path

import pytest
from flask import Flask

from app.discretion.gate import Betrayal
from app.log import AllowListFormatter
from app.web.metrics import Counter, Exporter, Kept, summed

DEAD = 2**22 + 1
"""A process number above any that Linux gives."""


def a_counter() -> Counter:
    return Counter("paravent_tries_total", "Tries.", "status", ("2xx", "5xx"))


def test_figures_are_written_in_the_collectors_format(tmp_path: Path) -> None:
    counter = a_counter()
    counter.add("2xx", 3)
    Exporter(tmp_path, "patient", [counter]).start()
    (path,) = (tmp_path / "metrics").iterdir()
    process = f"patient-{os.getpid()}"
    assert path.name == f"{process}.prom"
    assert path.read_text().splitlines() == [
        "# HELP paravent_tries_total Tries.",
        "# TYPE paravent_tries_total counter",
        f'paravent_tries_total{{status="2xx",process="{process}"}} 3',
        f'paravent_tries_total{{status="5xx",process="{process}"}} 0',
    ]


def test_live_processes_are_summed_and_the_files_of_dead_ones_removed(tmp_path: Path) -> None:
    counter = a_counter()
    counter.add("5xx")
    exporter = Exporter(tmp_path, "patient", [counter])
    exporter.start()
    written = (tmp_path / "metrics" / f"patient-{os.getpid()}.prom").read_text()
    parent, dead = (tmp_path / "metrics" / f"patient-{number}.prom" for number in (os.getppid(), DEAD))
    parent.write_text(written)
    dead.write_text(written)
    assert summed(tmp_path) == {'paravent_tries_total{status="2xx"}': 0, 'paravent_tries_total{status="5xx"}': 2}
    assert dead.exists()
    exporter.start()
    assert parent.exists()
    assert not dead.exists()


def test_nothing_is_summed_where_nothing_was_written(tmp_path: Path) -> None:
    assert summed(tmp_path) == {}


@pytest.mark.parametrize(
    "telling", [("psychiatrie_total", "Tries."), ("tries_total", "Pages of psychiatry."), ("a", "b", "botox")]
)
def test_a_name_that_tells_is_refused_when_it_is_declared(telling: tuple[str, ...]) -> None:
    with pytest.raises(Betrayal):
        Counter(*telling)


def test_a_label_that_tells_is_refused_when_it_is_declared() -> None:
    with pytest.raises(Betrayal):
        Counter("paravent_tries_total", "Tries.", "page", ("/r/01", "/r/Psychiatrie"))


def test_a_label_that_was_not_declared_is_not_counted() -> None:
    with pytest.raises(KeyError):
        a_counter().add("/r/01")


def test_a_folder_that_is_gone_is_logged_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counter = a_counter()
    exporter = Exporter(tmp_path, "patient", [counter])
    exporter.start()
    shutil.rmtree(tmp_path / "metrics")
    for _ in range(3):
        exporter.write()
    assert [(line.getMessage(), vars(line)["kind"]) for line in caplog.records] == [
        ("metrics could not be written", "FileNotFoundError")
    ]
    (tmp_path / "metrics").mkdir()
    counter.add("2xx", 4)
    exporter.write()
    assert summed(tmp_path)['paravent_tries_total{status="2xx"}'] == 4
    shutil.rmtree(tmp_path / "metrics")
    exporter.write()
    assert len(caplog.records) == 2, "a second outage is said again"


def test_a_process_starts_where_no_figures_can_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "metrics").write_text("a file where the folder should be")
    Exporter(tmp_path, "patient", [a_counter()]).start()
    assert [vars(line)["kind"] for line in caplog.records] == ["FileExistsError"]


def test_what_the_log_withheld_is_exported(tmp_path: Path) -> None:
    formatter = AllowListFormatter()
    withheld = Kept("paravent_log_withheld_total", "Values kept out.", lambda: formatter.withheld)
    exporter = Exporter(tmp_path, "patient", [withheld])
    exporter.start()
    assert summed(tmp_path) == {"paravent_log_withheld_total": 0}
    record = logging.LogRecord("paravent.web", logging.INFO, "", 1, "Psychiatrie", None, None)
    assert json.loads(formatter.format(record))["message"] != "Psychiatrie"
    exporter.write()
    assert summed(tmp_path) == {"paravent_log_withheld_total": 1}


def test_a_kept_number_whose_name_tells_is_refused() -> None:
    with pytest.raises(Betrayal):
        Kept("psychiatrie_total", "Values.", lambda: 0)


def test_answers_kept_from_leaving_are_exported(app: Flask, tmp_path: Path) -> None:
    app.add_url_rule("/tells", view_func=lambda: ("", 200, {"X-Robots-Tag": "botox"}))
    exporter = Exporter(tmp_path, "patient", app.extensions["paravent.counters"])
    exporter.start()
    before = summed(tmp_path)
    assert app.test_client().get("/tells").status_code == 500
    exporter.write()
    changed = {name for name, count in summed(tmp_path).items() if count != before[name]}
    assert changed == {"paravent_refused_total", 'paravent_responses_total{status="5xx"}'}

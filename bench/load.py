"""Load from wrk: eight connections that keep asking, and what came of it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.processes import clean_environment, require

CONNECTIONS = 8
_ACCEPT = "Accept-Encoding: gzip"

_REPORT = """
done = function(summary, latency, _)
  local wrong = summary.errors
  io.write(string.format('\\nFOUND {"requests":%d,"seconds":%f,"p99_ms":%f,"statuses":%d,"failures":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1000, wrong.status,
    wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
"""
_COOKIES = """
local ready, at = {}, 0
init = function()
  for cookie in io.lines("%(lines)s") do
    ready[#ready + 1] = wrk.format("GET", nil, {["Accept-Encoding"] = "gzip", ["Cookie"] = cookie})
  end
end
request = function()
  at = at %% #ready + 1
  return ready[at]
end
"""
_FORMS = """
local ready, at = {}, 0
init = function()
  local lines = io.lines("%(lines)s")
  local headers = {["Accept-Encoding"] = "gzip", ["Content-Type"] = "application/x-www-form-urlencoded"}
  for cookie in lines do
    headers["Cookie"] = cookie
    ready[#ready + 1] = wrk.format("POST", nil, headers, lines())
  end
end
request = function()
  at = at + 1
  if at > #ready then os.exit(%(ran_out)d) end
  return ready[at]
end
"""
_RAN_OUT = 9


class BadRun(Exception):
    """A run of load that measured something else than was meant."""


class RanOut(BadRun):
    """Every prepared form was sent before the time was over."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of load found. `statuses` counts answers of 400 and more."""

    requests: int
    seconds: float
    p99_ms: float
    statuses: int
    failures: int

    @property
    def per_second(self) -> float:
        """Return answers a second."""
        return self.requests / self.seconds


def get(url: str, folder: Path, seconds: int, cookies: Path | None = None, connections: int = CONNECTIONS) -> Run:
    """Ask for one page again and again; with a file of cookies, with each in turn. Raises BadRun."""
    script = _REPORT + (_COOKIES % {"lines": cookies} if cookies else "")
    return _run(url, folder, seconds, script, connections)


def post(url: str, folder: Path, seconds: int, forms: Path) -> Run:
    """Send each form of a file once (a line of cookie, a line of body). Raises BadRun, RanOut."""
    return _run(url, folder, seconds, _REPORT + _FORMS % {"lines": forms, "ran_out": _RAN_OUT}, CONNECTIONS)


def _run(url: str, folder: Path, seconds: int, script: str, connections: int) -> Run:
    path = folder / "load.lua"
    path.write_text(script)
    command = [
        require("wrk", "wrk"),
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-H",
        _ACCEPT,
        "-s",
        str(path),
        url,
    ]
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        command, env=clean_environment(), capture_output=True, text=True, check=False, timeout=seconds + 60
    )
    found = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    if done.returncode == _RAN_OUT:
        raise RanOut
    if done.returncode or not found:
        raise BadRun(f"wrk ended with {done.returncode}: {(done.stderr or done.stdout)[-300:]}")
    run = Run(**json.loads(found[0].removeprefix("FOUND ")))
    if run.statuses or run.failures or not run.requests:
        raise BadRun(f"{run.requests} answers, {run.statuses} refused, {run.failures} failed")
    return run

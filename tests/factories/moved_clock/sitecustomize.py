"""Moves the clock of every process that is started with this folder on its path (PYTHONPATH), by a file's seconds.

Python runs this before anything else. `app.clock` is the one place that reads the machine's clock; who asks it is
told another moment, as on a machine whose clock is set otherwise. The file is named by CLOCK_OFFSET.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

import app.clock

_FILE = Path(os.environ["CLOCK_OFFSET"])
_of_the_machine = app.clock.system_clock


def _moved() -> datetime:
    """Return the moment it is, moved by what the file says now."""
    return _of_the_machine() + timedelta(seconds=float(_FILE.read_text(encoding="ascii")))


app.clock.system_clock = _moved

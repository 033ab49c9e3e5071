"""What a process's views may reach: one object, kept by the application, read through one accessor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import current_app

from app.clock import Clock
from app.config import Settings
from app.db import Databases


def _nothing(_token: bytes) -> None:
    """Do nothing: no room has asked to hear of an exit."""


@dataclass(frozen=True)
class Services:
    """Settings, silos and clock of one process. A zone that needs more derives a class from this one.

    `on_exit` is told the cookie's token when a patient leaves by the quick exit.
    """

    settings: Settings
    db: Databases
    clock: Clock
    on_exit: Callable[[bytes], None] = _nothing


Kind = TypeVar("Kind", bound=Services)


def services() -> Services:
    """Return the services of the running application."""
    found: Services = current_app.extensions["paravent"]
    return found


def services_as(kind: type[Kind]) -> Kind:
    """Return the services as the zone's own class. Raises TypeError when the application holds another."""
    found = services()
    if not isinstance(found, kind):
        raise TypeError(f"the application was given {type(found).__name__}, not {kind.__name__}")
    return found

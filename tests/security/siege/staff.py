"""A staffed clinic of which each part comes with its own zone's logins: patients, staff and worker."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from app.booking.catalogue import Catalogue
from app.booking.journey import Funnel
from app.booking.signed import Signed
from app.cli.demo_clinic import people_of
from app.cli.demo_patients import Journeys, Wanted
from app.clinic.factory import create_clinic_app
from app.clinic.services import ClinicServices
from app.vault.intake import load_intake_key
from app.worker.loop import rounds
from tests.factories.house import BASES
from tests.factories.staffed import CHEAP, Staffed, staff
from tests.factories.zoned import Zoned


@dataclass
class StaffedByRoles(Staffed):
    """A clinic at work. `house` is what the command line sees; nothing else uses its rights."""

    zoned: Zoned

    def send(self, *booking: Any, **wanted: Any) -> Signed:
        """Let a patient send a journey with the patient zone's rights, and the worker take it in."""
        with self.app.test_request_context():
            sent = self.journeys.send(Wanted(booking or ("instant",), **wanted))
        self.work()
        return sent

    def work(self) -> None:
        """Let the worker do everything it does, with its own rights; a round that fails fails here."""
        worker = self.zoned.zones["worker"]
        for one in rounds(worker.db, worker.vault, worker.clock):
            one.run()


def staffed_by_roles(zoned: Zoned) -> StaffedByRoles:
    """Write the invented clinic anew, and open it."""
    _empty(zoned)
    staff(zoned.owner)
    owner, own = zoned.owner, zoned.zones["clinic"]
    settings = own.settings("clinic", demo=True, hold_share_percent=100)
    app = create_clinic_app(settings, own.db, own.clock, own.vault, CHEAP)
    services: ClinicServices = app.extensions["paravent"]
    owner.clock.forward(seconds=10)
    # What a test lets a patient do goes by the funnel of `services`: the application has its own.
    funnel = _funnel(zoned)
    return StaffedByRoles(
        owner, app, people_of(services), replace(services, funnel=funnel), _journeys(funnel), zoned
    )


def _funnel(zoned: Zoned) -> Funnel:
    """Return what patients' journeys are made with: the patient zone's rights."""
    own = zoned.zones["patient"]
    settings = own.settings("patient", hold_share_percent=100)
    return Funnel(own.db, Catalogue(own.db, own.clock), settings, own.clock, avoid=lambda word: False)


def _journeys(funnel: Funnel) -> Journeys:
    settings = funnel.settings
    intake = load_intake_key(settings.public_keys, settings.verify_key, funnel.clock())
    return Journeys(funnel, intake, Random(7))  # noqa: S311 - invented answers, no secret


def _empty(zoned: Zoned) -> None:
    """Remove every row but the published profiles, and the keys that its processes go on sealing events with."""
    kept = {"published_profiles", "event_keys"}
    for silo, base in BASES.items():
        with zoned.owner.db.writing(silo) as session:
            for table in reversed(base.metadata.sorted_tables):
                if table.name not in kept:
                    session.execute(table.delete())

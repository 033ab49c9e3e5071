"""Checks of `paravent doctor`: how long files are kept is what patients are told, and nothing waits unsaid."""

from collections.abc import Iterator

from app.cli.findings import Finding, Place, fault, warning, well
from app.db import SiloUnavailable
from app.front.published import current_profiles
from app.profiles.lint import TOLD
from app.vault import withdrawals


def kept_days(place: Place) -> Iterator[Finding]:
    """Check that the published texts tell the term that this installation keeps."""
    kept = {zone: settings.kept_days for zone, settings in place.everyone.items()}
    if len(set(kept.values())) > 1:
        yield fault(
            "retention",
            "PARAVENT_KEPT_DAYS is not the same for every zone",
            "set it once, for all of them",
        )
    if "front" not in place.answering or place.settings.zone == "worker":  # which may not read what is published
        return
    with place.db.reading("front") as session:
        profiles = current_profiles(session).values()
    told = {one.retention_days for each in profiles for one in each.profile.purposes if one.slug in TOLD}
    if told - set(kept.values()):
        days = ", ".join(str(number) for number in sorted(told))
        yield warning(
            "retention",
            f"published profiles tell patients {days} days, and PARAVENT_KEPT_DAYS is {place.settings.kept_days}",
            "publish profiles whose retention and retention_days tell the same",
        )
    else:
        yield well("retention", f"files are kept for {place.settings.kept_days} days, as patients are told")


def waiting_for_two(place: Place) -> Iterator[Finding]:
    """Say how many files wait for the agreement of two persons before they are destroyed."""
    if place.settings.zone == "patient" or "keys" not in place.answering:
        return
    try:
        with place.db.reading("keys") as session:
            waiting = {row.pseudonym for row in withdrawals.waiting_for_two(session, place.now)}
    except SiloUnavailable:
        return
    if waiting:
        yield warning(
            "retention",
            f"{len(waiting)} file(s) wait for two administrators before they are destroyed",
            "let two of them look at the page of retention; if the machine's clock was wrong, set it right instead",
        )

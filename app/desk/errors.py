"""What can go wrong at the desk, by name."""


class VisitNotFound(Exception):
    """There is no such visit, or it is not this person's to see."""


class VersionConflict(Exception):
    """Somebody else changed this visit since the page was shown."""


class NotPossible(Exception):
    """The visit's state does not allow this action."""


class StaffNotFound(Exception):
    """There is no such member of staff."""


class LoginTaken(Exception):
    """Another member of staff already has this login."""


class LastAdministrator(Exception):
    """The clinic would be left with nobody to administer it."""


class InvitationRefused(Exception):
    """The invitation code is unknown, used or expired."""


class PasswordRefused(Exception):
    """The password is too short, too long, or too well known. `reason` is short, long, common or login."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"password refused: {reason}")
        self.reason = reason


class TooManyAtOnce(Exception):
    """Too many passwords are being checked at this moment; this one was not."""


class PlaceInUse(Exception):
    """A site, room or practitioner still has hours or visits to come."""

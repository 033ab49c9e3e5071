"""What can go wrong in the clinic zone, by name."""


class SignInRefused(Exception):
    """The sign-in failed. Why is in the ledger, never on the page."""


class SignInTooOld(Exception):
    """The password was given too long ago, or not at all: start again."""


class SlotGone(Exception):
    """The slot can't be offered any more: it is taken, past, or was never one."""


class NobodyToTell(Exception):
    """The patient's space is being erased, or is gone: no words can reach them any more."""


class AccountTooNew(Exception):
    """The account was invited too lately to be the second of two persons."""


class NotForRole(Exception):
    """This page is not for this role."""


class ForeignPost(Exception):
    """A form was posted from another site."""

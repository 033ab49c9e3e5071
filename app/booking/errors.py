"""What can go wrong on a journey, by name."""


class DraftGone(Exception):
    """There is no draft for this cookie: it ran out, was sent, or the cookie did not come back."""


class ForeignKey(Exception):
    """The form's one-time key was not made for this journey."""


class OffThePath(Exception):
    """The step asked for is not on the path yet; `number` is the step to go to."""

    def __init__(self, number: int) -> None:
        super().__init__("this step is not on the path")
        self.number = number


class SlotLost(Exception):
    """The slot or window can't be sent any more. `why` is the key of the message that says so."""

    def __init__(self, why: str = "slot_lost") -> None:
        super().__init__("the slot can't be sent any more")
        self.why = why


class DraftChanged(Exception):
    """The draft was written by another page since it was read for sending: it is shown again to be checked."""

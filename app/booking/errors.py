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
    """The slot was taken by somebody else before this journey was sent."""


class WordsNotConfirmed(Exception):
    """A journey can't be sent before two of its words were retyped, or staff said them aloud."""

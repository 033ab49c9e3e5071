"""A control: the product with 2 to 8 ms more of work on each page, by specialty; served without the time grid."""

import os
import time

from app import create_app
from app.booking.journey import Funnel, Place
from app.patient import journey, present

_LEAST, _MOST = 0.002, 0.008


def worked(funnel: Funnel, place: Place) -> present.Context:
    """Return a page's context, after work that lasts as long as the specialty asked for says."""
    if place.outlook.act:
        codes = sorted(one.profile.code for one in funnel.catalogue.profiles().values())
        share = codes.index(place.outlook.profile.code) / max(1, len(codes) - 1)
        until = time.perf_counter() + _LEAST + (_MOST - _LEAST) * share
        while time.perf_counter() < until:
            pass
    return present.present(funnel, place)


if "PARAVENT_ZONE" in os.environ:
    vars(journey)["present"] = worked
    application = create_app(os.environ)

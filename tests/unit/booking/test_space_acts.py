"""What a patient may not do twice in their space, whatever form they send."""

import pytest
from sqlalchemy import select

from app.booking.send import send
from app.booking.signed import Signed
from app.booking.space import NotPossible, ask_move, read_space
from app.booking.submission import Entered
from app.booking.words import lock_of
from app.front.models import FrontOutbox
from app.vault.intake import load_intake_key
from app.vault.tokens import new_token
from app.vault.words import WordsGate
from tests.factories.house import House
from tests.factories.patient import parcel_of
from tests.factories.walk import a_funnel, walk


def test_another_time_is_asked_for_once(house: House) -> None:
    funnel, token = a_funnel(house), new_token()
    here = walk(funnel, token, act="0104")
    parcel = parcel_of(house, token)
    key = load_intake_key(house.root / "public", house.keystore.verify_key, house.clock())
    send(funnel, key, here.draft, here.outlook, lock_of(funnel, WordsGate(), here.draft), Entered())
    signed = Signed(parcel.pseudonym, parcel.submission, parcel.secrets["space"])
    view = read_space(funnel, signed)
    assert view.in_time
    ask_move(funnel, signed, view.version)
    with pytest.raises(NotPossible):
        ask_move(funnel, signed, view.version + 1)
    with house.db.reading("front") as session:
        assert [row.kind for row in session.scalars(select(FrontOutbox))] == ["move"]
    assert read_space(funnel, signed).version == view.version + 1

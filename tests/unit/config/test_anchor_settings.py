"""The settings of anchors elsewhere: all of a bucket or none, all of an authority or none; for two zones alone."""

from pathlib import Path

import pytest

from app.anchor_settings import NOWHERE, BucketAddress, Elsewhere, StampAuthority
from app.cli.setup import zone_values
from app.config import SettingsError, Zone, load_settings

WORKER = {
    "ZONE": "worker",
    "VERIFY_KEY": "ab" * 32,
    "WORDS_SALT": "cd" * 16,
    "KEYSTORE_PASSPHRASE": "an invented one",
}
BUCKET = {
    "ANCHORS_S3": "https://s3.example.org/anchors/clinic",
    "ANCHORS_S3_KEY": "writer",
    "ANCHORS_S3_SECRET": "an invented secret",
}
STAMPS = {"TSA": "http://tsa.example.org/stamp", "TSA_CA": "/etc/tsa.pem"}


def _loaded(**changes: str | None) -> Elsewhere:
    environ = WORKER | BUCKET | STAMPS | changes
    settings = {f"PARAVENT_{name}": value for name, value in environ.items() if value is not None}
    return load_settings(settings).elsewhere


def test_both_are_read() -> None:
    assert _loaded() == Elsewhere(
        BucketAddress(
            "https://s3.example.org", "anchors", "clinic/", "writer", "an invented secret", "us-east-1", 400
        ),
        StampAuthority("http://tsa.example.org/stamp", Path("/etc/tsa.pem")),
    )
    more = {"ANCHORS_S3_DAYS": "30", "ANCHORS_S3_REGION": "eu-west-3", "ANCHORS_S3_CA": "/etc/s3.pem"}
    here = _loaded(ANCHORS_S3="http://127.0.0.1:8333/anchors", **more)
    assert here.bucket is not None
    assert (here.bucket.endpoint, here.bucket.folder, here.bucket.days) == ("http://127.0.0.1:8333", "", 30)
    assert (here.bucket.region, here.bucket.authority) == ("eu-west-3", Path("/etc/s3.pem"))


def test_without_them_there_is_the_folder_alone() -> None:
    assert _loaded(**dict.fromkeys(BUCKET | STAMPS)) == NOWHERE


WRONG: dict[str, tuple[dict[str, str | None], list[str]]] = {
    "no key and no secret": (
        {"ANCHORS_S3_KEY": None, "ANCHORS_S3_SECRET": None},
        ["ANCHORS_S3_KEY is missing", "ANCHORS_S3_SECRET is missing"],
    ),
    "no address": ({"ANCHORS_S3": None}, ["ANCHORS_S3 is missing"]),
    "no bucket": ({"ANCHORS_S3": "https://s3.example.org/"}, ["ANCHORS_S3 must be an address"]),
    "in clear over a network": ({"ANCHORS_S3": "http://s3.example.org/anchors"}, ["ANCHORS_S3 must be an address"]),
    "another scheme": ({"ANCHORS_S3": "s3://anchors/clinic"}, ["ANCHORS_S3 must be an address"]),
    "a secret in the address": ({"ANCHORS_S3": "https://a:b@s3.example.org/x"}, ["ANCHORS_S3 must be an address"]),
    "no days": ({"ANCHORS_S3_DAYS": "0"}, ["ANCHORS_S3_DAYS must be a whole number"]),
    "no root": ({"TSA_CA": None}, ["TSA_CA is missing"]),
    "no authority": ({"TSA": None}, ["TSA is missing"]),
    "a secret in the authority's": ({"TSA": "http://a:b@tsa.example.org/stamp"}, ["TSA must be an address"]),
    "a file for an authority": ({"TSA": "file:///etc/passwd"}, ["TSA must be an address"]),
    "all at once": ({"ANCHORS_S3_KEY": None, "TSA": None}, ["ANCHORS_S3_KEY is missing", "TSA is missing"]),
    "the clinic zone": ({"ZONE": "clinic"}, ["are for the worker and the command line alone"]),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_lacks_or_is_wrong_is_named_at_start(changes: dict[str, str | None], said: list[str]) -> None:
    with pytest.raises(SettingsError) as refusal:
        _loaded(**changes)
    assert len(refusal.value.faults) == len(said)
    for fault, part in zip(refusal.value.faults, said, strict=True):
        assert part in fault
        assert "invented" not in fault


def test_the_secret_is_not_printed() -> None:
    assert "invented" not in repr(_loaded())


@pytest.mark.parametrize(
    ("zone", "given"), [("patient", False), ("clinic", False), ("worker", True), ("cli", True)]
)
def test_set_up_gives_them_to_who_anchors(zone: Zone, given: bool) -> None:
    known = {f"PARAVENT_{name}": value for name, value in (WORKER | BUCKET | STAMPS).items()}
    values = zone_values(zone, known, load_settings(known), {})
    assert ("PARAVENT_ANCHORS_S3_SECRET" in values) is given
    assert ("PARAVENT_TSA" in values) is given

"""A bucket of locked objects on a real S3 server, and a thief who has all our secrets."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.clock import system_clock
from app.worker.anchor_bucket import (
    NOTES,
    STAMPS,
    Bucket,
    BucketAway,
    BucketRefused,
    BucketTaken,
    BucketUnlocked,
)
from tests.factories.locked_bucket import LockedBuckets

NOW = system_clock()


def test_what_is_put_is_locked_and_putting_it_again_changes_nothing(
    server: LockedBuckets, name: str, folder: str, bucket: Bucket
) -> None:
    assert bucket.newest(NOTES) is None
    assert bucket.keep(NOTES, 7, b"seven", NOW)
    assert not bucket.keep(NOTES, 7, b"seven", NOW)
    assert bucket.contents(NOTES, 7) == [b"seven"]
    assert bucket.newest(NOTES) == 7
    assert not Bucket(replace(server.address(name, folder), days=400)).keep(NOTES, 7, b"seven", NOW)  # set since


def test_who_has_the_secret_can_neither_delete_nor_shorten(
    server: LockedBuckets, name: str, folder: str, bucket: Bucket
) -> None:
    bucket.keep(NOTES, 7, b"seven", NOW)
    s3, key = server.client(), f"{folder}notes/000000000000007.notes"
    [version] = s3.list_object_versions(Bucket=name, Prefix=key)["Versions"]
    one = {"Bucket": name, "Key": key, "VersionId": version["VersionId"]}
    sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": NOW + dt.timedelta(hours=1)}
    looser = {"Mode": "GOVERNANCE", "RetainUntilDate": NOW + dt.timedelta(days=2)}
    tries: tuple[Callable[[], Any], ...] = (
        lambda: s3.delete_object(**one),
        lambda: s3.delete_object(**one, BypassGovernanceRetention=True),
        lambda: s3.put_object_retention(**one, Retention=sooner),
        lambda: s3.put_object_retention(**one, Retention=looser, BypassGovernanceRetention=True),
    )
    for attempt in tries:
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()
    s3.delete_object(Bucket=name, Key=key)  # puts a mark over it, and takes nothing away
    assert bucket.contents(NOTES, 7) == [b"seven"]
    assert Bucket(server.address(name, folder)).newest(NOTES) == 7


def test_nothing_is_put_over_another_object(server: LockedBuckets, name: str, folder: str, bucket: Bucket) -> None:
    bucket.keep(NOTES, 7, b"seven", NOW)
    with pytest.raises(BucketTaken):
        bucket.keep(NOTES, 7, b"other", NOW)
    assert bucket.contents(NOTES, 7) == [b"seven"]
    server.client().put_object(Bucket=name, Key=f"{folder}notes/000000000000008.notes", Body=b"eight")
    with pytest.raises(BucketTaken):  # the same, and not locked
        bucket.keep(NOTES, 8, b"eight", NOW)
    soon = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": system_clock() + dt.timedelta(minutes=5)}
    server.client().put_object(Bucket=name, Key=f"{folder}notes/000000000000009.notes", Body=b"nine", **soon)
    with pytest.raises(BucketTaken):  # the same, and locked for a moment
        bucket.keep(NOTES, 9, b"nine", NOW)


def test_without_object_lock_nothing_is_put(server: LockedBuckets) -> None:
    loose = server.new_bucket(locked=False)
    with pytest.raises(BucketUnlocked, match="PARAVENT_ANCHORS_S3"):
        Bucket(server.address(loose)).keep(NOTES, 7, b"seven", NOW)
    assert "Contents" not in server.client().list_objects_v2(Bucket=loose)


def test_the_newest_is_found_among_many_and_strangers(
    server: LockedBuckets, name: str, folder: str, bucket: Bucket
) -> None:
    for size in (1, 2, 3, 500, 501, 123_456):
        bucket.keep(NOTES, size, b"%d" % size, NOW)
    for strange in ("notes/zz", "notes/000000000123456.txt", "notes/5", "stamps/x"):
        server.client().put_object(Bucket=name, Key=folder + strange, Body=b"x")
    assert Bucket(server.address(name, folder)).newest(NOTES) == 123_456
    assert bucket.newest(STAMPS) is None
    assert list(bucket.sizes(NOTES)) == [1, 2, 3, 500, 501, 123_456]
    assert list(bucket.sizes(NOTES, NOW + dt.timedelta(hours=1))) == []
    server.client().put_object(Bucket=name, Key=f"{folder}notes/{'9' * 15}.notes", Body=b"x")
    assert bucket.newest(NOTES) == 10**15 - 1  # nothing can come after it


def test_a_server_that_refuses_and_one_that_is_away_are_told_apart(server: LockedBuckets, name: str) -> None:
    address = server.address(name)
    for wrong in (
        replace(address, secret="another"),
        replace(address, key="another"),
        replace(address, bucket="no-such-bucket"),
    ):
        with pytest.raises(BucketRefused):
            Bucket(wrong).keep(NOTES, 7, b"seven", NOW)
    with pytest.raises(BucketAway):
        Bucket(replace(address, endpoint="http://127.0.0.1:9")).newest(NOTES)

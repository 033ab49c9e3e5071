"""The S3 server that the tests of anchors elsewhere share, and a folder in its locked bucket for each of them."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from app.worker.anchor_bucket import Bucket
from tests.factories.locked_bucket import LockedBuckets, locked_buckets


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedBuckets]:
    """The S3 server that all these tests share."""
    with locked_buckets(tmp_path_factory.mktemp("s3") / "server") as running:
        yield running


@pytest.fixture(scope="session")
def name(server: LockedBuckets) -> str:
    """A bucket with object lock."""
    return server.new_bucket()


@pytest.fixture
def folder() -> str:
    """A folder in it, new for each test."""
    return f"{uuid4().hex[:8]}/"


@pytest.fixture
def bucket(server: LockedBuckets, name: str, folder: str) -> Bucket:
    """That folder as the worker sees it."""
    return Bucket(server.address(name, folder))

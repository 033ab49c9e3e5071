"""A real Firefox ESR, headless, no JavaScript in pages, driven by Marionette; its profile lies in a folder."""

import json
import os
import signal
import socket
import subprocess
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from tests.factories.served import free_port

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Its own imports are of another age.
    from marionette_driver.by import By
    from marionette_driver.errors import NoSuchElementException
    from marionette_driver.marionette import Marionette

_STARTING = 30.0
_PREFERENCES: dict[str, bool | int | str] = {
    "remote.prefs.recommended": False,  # Those would keep less than a person's browser does.
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "browser.download.useDownloadDir": True,
    "browser.download.folderList": 2,
    "browser.sessionstore.interval": 1000,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "intl.locale.requested": "fr",
    "intl.accept_languages": "fr",
}


@dataclass
class Firefox:
    """A running Firefox and what drives it."""

    program: str
    profile: Path
    scripts: bool = False
    reopening: bool = False
    port: int = field(default_factory=free_port)

    def __enter__(self) -> "Firefox":
        """Start it, and wait until it can be driven."""
        self.profile.mkdir(exist_ok=True)
        (self.profile / "user.js").write_text(self._preferences(), encoding="utf-8")
        command = [self.program, "-headless", "-marionette", "-no-remote", "-profile", str(self.profile)]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(  # noqa: S603 - Debian's program, our own folder
            command, env=self._environment(), stdout=quiet, stderr=quiet, start_new_session=True
        )
        self.driver = Marionette(host="127.0.0.1", port=self.port)
        try:
            self._wait()
            self.driver.start_session({"acceptInsecureCerts": True})
        except Exception:
            self.crashes()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close the window as a person does, if it is still there."""
        if self.process.poll() is not None:
            return
        try:
            self.driver._send_message("Marionette:Quit", {"flags": ["eAttemptQuit"]})
            self.process.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            self.crashes()

    def crashes(self) -> None:
        """End every process of this Firefox at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def opens(self, address: str) -> None:
        """Go to an address."""
        self.driver.navigate(address)

    def types(self, name: str, text: str, *, anew: bool = False) -> None:
        """Type into a field, after what is there or in its place."""
        found = self.driver.find_element(By.ID, name)
        if anew:
            found.clear()
        found.send_keys(text)

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        found: str = self.driver.find_element(By.ID, name).get_property("value")
        return found

    def chooses(self, name: str, value: str | None = None) -> None:
        """Tick a choice by its code, or the first that is one, when there is such a group."""
        wanted = f'[value="{value}"]' if value else ':not([value^="-"])'
        try:
            found = self.driver.find_element(By.CSS_SELECTOR, f'input[type=radio][name="{name}"]{wanted}')
        except NoSuchElementException:
            return
        self.driver.execute_script("arguments[0].closest('label').scrollIntoView()", [found])
        found.click()

    def presses(self, selector: str) -> None:
        """Press a button or follow a link, and wait for the page that comes."""
        before = self.driver.find_element(By.TAG_NAME, "html").id
        pressed = self.driver.find_element(By.CSS_SELECTOR, selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", [pressed])
        pressed.click()
        until = time.monotonic() + 10
        while time.monotonic() < until and self.driver.find_element(By.TAG_NAME, "html").id == before:
            time.sleep(0.05)

    def shown(self, selector: str = "body") -> str:
        """Return the text of a part of the page."""
        text: str = self.driver.find_element(By.CSS_SELECTOR, selector).text
        return text

    def saves_its_session(self) -> None:
        """Wait until Firefox has written what it keeps of its tabs: every second here."""
        time.sleep(2.5)

    def _wait(self) -> None:
        """Wait until it listens. Raises TimeoutError."""
        until = time.monotonic() + _STARTING
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise TimeoutError("Firefox does not listen")

    def _preferences(self) -> str:
        own = {
            "marionette.port": self.port,
            "javascript.enabled": self.scripts,
            "browser.download.dir": str(self.profile.parent),
            "browser.startup.page": 3 if self.reopening else 1,
        }
        return "".join(
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in (_PREFERENCES | own).items()
        )

    def _environment(self) -> dict[str, str]:
        return os.environ | {"HOME": str(self.profile.parent), "MOZ_CRASHREPORTER_DISABLE": "1"}

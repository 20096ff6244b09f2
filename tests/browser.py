# SPDX-License-Identifier: Apache-2.0
"""Pages in headless Chromium, spoken to in its DevTools protocol over a pair of pipes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Page", "find_browser", "open_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_HEIGHT = 900
_OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",  # reads descriptor 3, writes 4
    "--no-sandbox",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
)


def find_browser() -> str | None:
    """Return the program, or None where there is none."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


class Page:
    """The one page of a browser.

    Parameters
    ----------
    requests, answers : int
        Descriptors of the pipes: what the browser reads and what it writes, JSON between NULs.
    """

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers = requests, answers
        self._buffer, self._count, self._session = b"", 0, None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call("Page.enable")

    def look(self, *, width: int, dark: bool, printed: bool = False) -> None:
        """Choose a width in CSS pixels, the colours that the user prefers, screen or paper."""
        size = {"width": width, "height": _HEIGHT, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = "print" if printed else "screen"
        self._call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def open(self, path: Path) -> None:
        """Load a file and wait until it is there."""
        self._call("Page.navigate", url=path.resolve().as_uri())
        while self._message().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, script: str) -> Any:
        """Return what an expression in JavaScript comes to."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def move(self, x: float, y: float) -> None:
        """Move the pointer, in CSS pixels of what is seen."""
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Write the page as a PNG: all of it, or what is seen without scrolling."""
        answer = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        request = {"id": self._count, "method": method, "params": parameters}
        if self._session is not None:
            request["sessionId"] = self._session
        os.write(self._requests, json.dumps(request).encode() + b"\0")
        while (message := self._message()).get("id") != self._count:
            pass
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not (data := os.read(self._answers, 1 << 16)):
                raise RuntimeError("the browser has ended")
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(text)


@contextmanager
def open_browser(folder: Path) -> Iterator[Page]:
    """Run a browser that keeps its files in a folder; it reaches nothing outside.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    program = find_browser()
    if program is None:
        raise RuntimeError("no Chromium: install the package chromium")
    (to_read, to_write), (from_read, from_write) = _pipe(), _pipe()
    silent = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
    ends = [(os.POSIX_SPAWN_DUP2, to_read, 3), (os.POSIX_SPAWN_DUP2, from_write, 4)]
    arguments = [program, *_OPTIONS, f"--user-data-dir={folder}"]
    process = os.posix_spawn(program, arguments, os.environ, file_actions=[silent, *ends])
    os.close(to_read)
    os.close(from_write)
    try:
        yield Page(to_write, from_read)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(to_write)
        os.close(from_read)


def _pipe() -> tuple[int, int]:
    """Return a pipe whose descriptors are above those that a child is given."""
    low = os.pipe()
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return reading, writing

"""A browser for tests of pages: headless Chromium, spoken to over a pipe, and a server of one folder.

Standard library only. Every request that a page or a worker of it makes is noted in ``requests``.
"""

from __future__ import annotations

import fcntl
import functools
import importlib.util
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

#: Seconds that one command, or one thing waited for, may take.
PATIENCE = 60
NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # continuous integration is root, and has no sandbox to offer
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-pipe",
)


ROOT = Path(__file__).resolve().parents[1]
#: Where docs/build_page.py keeps what it makes and what it fetches.
CACHE = ROOT / ".page-cache"


def docs(name: str) -> ModuleType:
    """A program of the folder docs, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Refused(Exception):
    """The browser, or a script in it, answers with an error."""


class Chromium:
    """One browser with a profile of its own, deleted at the end; a context manager."""

    def __init__(self) -> None:
        path = next((found for name in NAMES if (found := shutil.which(name))), None)
        if path is None:
            raise FileNotFoundError(f"none of {', '.join(NAMES)} is installed")
        self.requests: list[str] = []
        self.faults: list[str] = []
        #: Of every tab and worker: its kind, and the session in which commands reach it.
        self.sessions: list[tuple[str, str]] = []
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._number = 0
        self._lock = threading.Lock()
        commands, self._writer = _pipe()
        self._reader, replies = _pipe()
        self._process = subprocess.Popen(
            [
                "bash", "-c", f'exec "$0" "$@" 3<&{commands} 4>&{replies}',
                path, *OPTIONS, f"--user-data-dir={self._profile}", "about:blank",
            ],
            pass_fds=(commands, replies), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(replies)
        threading.Thread(target=self._listen, daemon=True).start()
        self.tell("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._writer)
        shutil.rmtree(self._profile, ignore_errors=True)

    def tell(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send one command of the DevTools protocol and wait for its result."""
        number = self._send(method, session, parameters, queue.Queue())
        try:
            reply = self._answers[number].get(timeout=PATIENCE)
        except queue.Empty:
            raise Refused(f"{method}: no answer in {PATIENCE} s") from None
        finally:
            del self._answers[number]
        if "error" in reply:
            raise Refused(f"{method}: {reply['error']}")
        return dict(reply["result"])

    def _send(
        self,
        method: str,
        session: str | None,
        parameters: dict[str, Any],
        answer: queue.Queue[dict[str, Any]] | None = None,
    ) -> int:
        with self._lock:
            self._number += 1
            number = self._number
            if answer is not None:
                self._answers[number] = answer
            message = {"id": number, "method": method, "params": parameters}
            text = json.dumps(message | ({"sessionId": session} if session else {}))
            data = text.encode() + b"\0"
            while data:
                data = data[os.write(self._writer, data) :]
        return number

    def _listen(self) -> None:
        rest = b""
        with os.fdopen(self._reader, "rb", buffering=0) as pipe:
            while chunk := pipe.read(1 << 16):
                *messages, rest = (rest + chunk).split(b"\0")
                for message in messages:
                    self._heard(json.loads(message))

    def _heard(self, message: dict[str, Any]) -> None:
        if "id" in message:
            if message["id"] in self._answers:
                self._answers[message["id"]].put(message)
            return
        given = message["params"]
        match message["method"]:
            case "Network.requestWillBeSent":
                # Newer browsers' own windows are pages too, and load what no visited page may ask for.
                if not given["request"]["url"].startswith("chrome://"):
                    self.requests.append(given["request"]["url"])
            case "Runtime.exceptionThrown":
                self.faults.append(str(given["exceptionDetails"]))
            case "Target.attachedToTarget":  # a page, a worker: watched before it runs
                session = given["sessionId"]
                self.sessions.append((given["targetInfo"]["type"], session))
                self._send("Network.enable", session, {})
                self._send("Runtime.enable", session, {})
                inside = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
                self._send("Target.setAutoAttach", session, inside)
                self._send("Runtime.runIfWaitingForDebugger", session, {})

    def page(self, address: str, width: int = 1280, height: int = 900) -> Page:
        """A new tab at an address."""
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        page.tell("Page.enable")
        page.resize(width, height)
        page.go(address)
        return page


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are not among the numbers that the browser has for its own."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]


class Page:
    """A tab."""

    def __init__(self, browser: Chromium, target: str, session: str) -> None:
        self.browser, self.target, self.session = browser, target, session

    def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command to the tab."""
        return self.browser.tell(method, self.session, **parameters)

    def go(self, address: str) -> None:
        """Open an address."""
        self.tell("Page.navigate", url=address)

    def resize(self, width: int, height: int) -> None:
        """Give the tab a size in CSS pixels."""
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def dark(self, is_dark: bool) -> None:
        """Prefer dark colours, or light ones."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[feature])

    def run(self, script: str) -> Any:
        """The value of an expression; promises are awaited."""
        found = self.tell("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise Refused(str(found["exceptionDetails"])[:2000])
        return found["result"].get("value")

    def wait(self, condition: str, patience: float = PATIENCE) -> float:
        """Wait until an expression, or what it promises, is true; the seconds that it took."""
        begin = time.perf_counter()
        while time.perf_counter() - begin < patience:
            try:
                if self.run(f"Promise.resolve({condition}).then(Boolean)"):
                    return time.perf_counter() - begin
            except Refused:  # the page is being exchanged for another
                pass
            time.sleep(0.02)
        raise Refused(f"not within {patience} s: {condition}")

    def serious(self) -> list[str]:
        """What axe-core finds serious or worse in the page as it is, everything that folds opened."""
        modules = docs("build_page").npm(CACHE)
        self.run((modules / "axe-core" / "axe.min.js").read_text() + "; 0")
        self.run("document.querySelectorAll('details').forEach((d) => { d.open = true })")
        found = self.run("axe.run(document).then((r) => JSON.stringify(r.violations))")
        return [
            f"{v['id']}: {v['nodes'][0]['html'][:200]}"
            for v in json.loads(found)
            if v["impact"] in ("serious", "critical")
        ]

    def key(self, name: str, text: str = "", code: int = 0) -> None:
        """Press one key."""
        key = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        self.tell("Input.dispatchKeyEvent", type="keyDown", text=text, **key)
        self.tell("Input.dispatchKeyEvent", type="keyUp", **key)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.tell("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        """Write the whole page as PNG."""
        import base64  # noqa: PLC0415  pictures are for the eyes of developers

        data = self.tell("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """Close the tab."""
        self.browser.tell("Target.closeTarget", targetId=self.target)


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012  as the base class has it
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm",
        ".svg": "image/svg+xml", ".bin": "application/octet-stream",
    }  # fmt: skip

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, ThreadingHTTPServer]]:
    """Hand out a folder on this machine; its address, and the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

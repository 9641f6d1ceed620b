"""A real browser, driven by the W3C's WebDriver protocol: `chromium` and `chromium-driver`, nothing fetched."""

import base64
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how the protocol calls one
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--mute-audio",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
)
KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Space": " ", "Right": "\ue014", "Left": "\ue012"}


def missing_browser() -> str | None:
    """What is not installed, for a test that skips; None: all is there."""
    lacks = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"no {' and no '.join(lacks)} here (apt-get install chromium chromium-driver)" if lacks else None


class Browser:
    """One window."""

    def __init__(self, address: str, width: int, height: int) -> None:
        self._address = address
        options = {"args": [*ARGUMENTS, f"--window-size={width},{height}"]}
        wanted = {
            "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
            }
        }
        self._session = self._call("POST", "/session", {"capabilities": wanted})["sessionId"]
        self.resize(width, height)

    def _call(self, method: str, path: str, sent: Any = None) -> Any:
        body = None if method != "POST" else json.dumps(sent or {}).encode()
        request = Request(self._address + path, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"].partition("\n")[0]) from error

    def _do(self, method: str, path: str, sent: Any = None) -> Any:
        return self._call(method, f"/session/{self._session}{path}", sent)

    def resize(self, width: int, height: int) -> None:
        """The page's own width and height, which a window cannot be as narrow as."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.chrome("Emulation.setDeviceMetricsOverride", metrics)

    def chrome(self, command: str, parameters: dict[str, Any]) -> Any:
        return self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address: str) -> None:
        self._do("POST", "/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script: str, seconds: float = 30) -> Any:
        """Wait until an expression is true."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if value := self.run(f"return {script}"):
                return value
            time.sleep(0.02)
        raise AssertionError(f"never true: {script}; the page says: {self.run('return document.body.innerText')}")

    def find(self, css: str) -> str:
        return self._do("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, css: str) -> None:
        """As a person clicks: fails where something else covers it."""
        self._do("POST", f"/element/{self.find(css)}/click")

    def type(self, css: str, text: str) -> None:
        self._do("POST", f"/element/{self.find(css)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Keys, one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def console(self) -> list[str]:
        """What the page complained of."""
        return [entry["message"] for entry in self._do("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, file: Path) -> None:
        """The whole page, however long."""
        taken = self.chrome("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        file.write_bytes(base64.b64decode(taken["data"]))

    def close(self) -> None:
        self._do("DELETE", "")


@contextmanager
def browser(width: int = 1280, height: int = 900) -> Generator[Browser]:
    """A window, and its driver, which ends with it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address)
        window = Browser(address, width, height)
        try:
            yield window
        finally:
            window.close()
    finally:
        driver.terminate()
        driver.wait()


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            urlopen(f"{address}/status", timeout=5).close()
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("chromedriver does not answer")

"""Two more browser engines, each driven by its own protocol: Firefox by WebDriver BiDi, WebKitGTK by WebDriver.

Both open an address, run JavaScript in the page and take a picture of it, and nothing else; Chromium is Playwright's.
"""

import asyncio
import base64
import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from tornado.websocket import websocket_connect

PATIENCE = 120  # seconds; a loaded machine takes its time


def start(command, log: Path, **surroundings):
    with log.open("w") as out:
        return subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **surroundings}
        )


def stop(process):
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def found_in(log: Path, pattern: str, process) -> str:
    """What the pattern's group matches in the log of a process, once it has written that."""
    for _ in range(PATIENCE * 5):
        match = re.search(pattern, log.read_text(errors="replace"))
        if match:
            return match[1]
        assert process.poll() is None, log.read_text(errors="replace")
        time.sleep(0.2)
    raise AssertionError(log.read_text(errors="replace"))


class Firefox:
    """Firefox without a window. Its socket lives in a thread of its own, since Playwright holds this thread's loop."""

    def __init__(self, program: str, folder: Path):
        log = folder / "firefox.log"
        profile = folder / "profile"
        profile.mkdir()
        options = ["--headless", "--no-remote", "--remote-debugging-port=0"]
        self.process = start([program, *options, "--profile", profile], log, HOME=str(folder))
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.count = 0
        self.complaints: list[str] = []
        try:
            address = found_in(log, r"WebDriver BiDi listening on (ws://\S+)", self.process)
            self.socket = self.wait(
                lambda: websocket_connect(f"{address}/session", max_message_size=2**28)
            )
            self.send("session.new", capabilities={})
            self.send("session.subscribe", events=["log.entryAdded"])
            self.context = self.send("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            stop(self.process)
            raise

    def wait(self, begin):
        async def bounded():
            return await asyncio.wait_for(begin(), 5 * PATIENCE)

        return asyncio.run_coroutine_threadsafe(bounded(), self.loop).result()

    def send(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        self.wait(lambda: self.socket.write_message(json.dumps(message)))
        while True:
            answer = json.loads(self.wait(self.socket.read_message))
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] in (
                "error",
                "warn",
            ):
                self.complaints.append(answer["params"]["text"])
            if answer.get("id") == self.count:
                assert answer["type"] == "success", answer
                return answer["result"]

    def resize(self, width: int, height: int):
        viewport = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=self.context, viewport=viewport)

    def open(self, address: str):
        self.send("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def run(self, function: str):
        """The value of an (asynchronous) JavaScript function without arguments, called in the page."""
        answer = self.send(
            "script.callFunction",
            functionDeclaration=f"async () => JSON.stringify(await ({function})())",
            awaitPromise=True,
            target={"context": self.context},
        )
        assert answer["type"] == "success", answer.get("exceptionDetails")
        return json.loads(answer["result"].get("value", "null"))

    def picture(self) -> bytes:
        return base64.b64decode(
            self.send("browsingContext.captureScreenshot", context=self.context)["data"]
        )

    def close(self):
        self.loop.call_soon_threadsafe(self.socket.close)
        stop(self.process)
        self.loop.call_soon_threadsafe(self.loop.stop)


class WebKit:
    """WebKitGTK's own small browser, on a screen that nobody sees."""

    def __init__(self, program: str, folder: Path):
        self.complaints: list[
            str
        ] = []  # WebDriver does not tell; the page has to (see test_engines.py)
        log = folder / "screen.log"
        # The screen writes its number, which is the first that is free.
        screen = ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
        self.processes = [start(screen, log)]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        surroundings = {
            "HOME": str(folder),
            "DISPLAY": ":" + found_in(log, r"^(\d+)\s", self.processes[0]),
            "GDK_BACKEND": "x11",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
        }
        self.processes.append(
            start([program, f"--port={port}"], folder / "webkit.log", **surroundings)
        )
        try:
            self.session = self.begin()
            timeouts = {"script": 5000 * PATIENCE, "pageLoad": 1000 * PATIENCE}
            self.send("timeouts", timeouts)
        except BaseException:
            self.stop()
            raise

    def begin(self) -> str:
        for attempt in range(PATIENCE):
            try:
                return self.call("/session", {"capabilities": {"alwaysMatch": {}}})["sessionId"]
            except urllib.error.URLError:
                if attempt == PATIENCE - 1:
                    raise
                time.sleep(1)
        raise AssertionError("WebKitWebDriver does not answer")

    def call(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=6 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()[:2000]}") from error

    def send(self, command, body=None, method=None):
        return self.call(f"/session/{self.session}/{command}".rstrip("/"), body, method)

    def resize(self, width: int, height: int):
        """Make the page so large: the window has bars around it."""
        for _ in range(2):
            seen = self.run("() => [innerWidth, innerHeight]")
            frame = self.send("window/rect")
            self.send(
                "window/rect",
                {
                    "width": frame["width"] + width - seen[0],
                    "height": frame["height"] + height - seen[1],
                },
            )

    def open(self, address: str):
        self.send("url", {"url": address})

    def run(self, function: str):
        """The value of an (asynchronous) JavaScript function without arguments, called in the page."""
        script = f"""const done = arguments[arguments.length - 1];
          (async () => ({function})())().then((v) => done(JSON.stringify([v])), (e) => done(`${{e}} ${{e.stack}}`));"""
        answer = self.send("execute/async", {"script": script, "args": []})
        assert answer.startswith("["), answer
        return json.loads(answer)[0]

    def picture(self) -> bytes:
        return base64.b64decode(self.send("screenshot"))

    def stop(self):
        for process in reversed(self.processes):
            stop(process)

    def close(self):
        try:
            self.send("", method="DELETE")
        finally:
            self.stop()

# SPDX-License-Identifier: MIT
"""A page in headless Chromium, driven over its debugging pipe (descriptors 3 and 4): JSON with a NUL behind it, no port, no driver."""
import base64
import json
import os
import signal
import subprocess
import tempfile


class Browser:
    def __init__(self):
        to_read, self.out = os.pipe()
        self.back, to_write = os.pipe()
        self.home = tempfile.TemporaryDirectory(prefix="fdguard-test.chromium.", ignore_cleanup_errors=True)
        self.buffer, self.number, self.events = b"", 0, []

        def wire():
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)
            os.closerange(5, 1024)

        self.process = subprocess.Popen(
            ["chromium-headless-shell", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
             "--user-data-dir=" + self.home.name, "about:blank"],
            preexec_fn=wire, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": self.home.name})
        os.close(to_read)
        os.close(to_write)
        target = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"][0]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(domain + ".enable")

    session = None

    def receive(self):
        while b"\0" not in self.buffer:
            got = os.read(self.back, 1 << 20)
            if not got:
                raise SystemExit("the browser has ended")
            self.buffer += got
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            m = self.receive()
            if m.get("id") == self.number:
                if "error" in m:
                    raise SystemExit("%s: %s" % (method, m["error"]["message"]))
                return m["result"]
            if "method" in m:
                self.events.append(m)

    def wait(self, event):
        while not any(m["method"] == event for m in self.events):
            m = self.receive()
            if "method" in m:
                self.events.append(m)
        self.events = [m for m in self.events if m["method"] != event] + []

    def size(self, width, height, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def media(self, **features):
        self.call("Emulation.setEmulatedMedia", features=[{"name": n.replace("_", "-"), "value": v} for n, v in features.items()])

    def open(self, path):
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait("Page.loadEventFired")

    def js(self, expression):
        r = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in r:
            raise SystemExit("%s: %s" % (expression, json.dumps(r["exceptionDetails"])[:500]))
        return r["result"].get("value")

    def key(self, name, text=None, shift=False):
        codes = {"Tab": 9, "Enter": 13, "Space": 32, "Escape": 27}
        text = {"Enter": "\r", "Space": " "}.get(name, text)
        key = " " if name == "Space" else name
        common = {"key": key, "code": name, "windowsVirtualKeyCode": codes.get(name, 0), "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, words):
        self.call("Input.insertText", text=words)

    def picture(self, path, whole=False):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]))

    def close(self):
        os.close(self.out)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.back)
        self.home.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()

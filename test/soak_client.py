"""One client of a soak: writes its own keys and functions, calls everything, and checks each answer against what it knows."""

import contextlib
import http.client
import random
import socket
import struct
import threading
import time

import guests
from guests import handle
from serving import Connection, query_text
from soak_model import ANSWERS, GONE, NOISE, Content, Finding, Key, Lost, answer_of, drawn_parameters
from wire import Wire

ANSWER_SECONDS_MAX = 60
KEYS = 8
LARGE = "soak/large"  # Holds NOISE.
PUBLISH = "(drop (call $input)) (if (call $publish_into (i32.const 32) (i32.const 1)) (then unreachable))"
LATE = handle(PUBLISH + "(call $wait (i64.const 8)) (call $answer (i32.const 7))")
# Function -> (guest, deployment): all publish their input as ?into= first. How those that do not answer 7 end stands below.
GUESTS = {
    "late": (LATE, {}),
    "late-heavy": (LATE, {"class": "heavy"}),
    "late-express": (LATE, {"class": "express"}),
    "trap": (handle(PUBLISH + "unreachable"), {}),
    "trap-late": (handle(PUBLISH + "(call $wait (i64.const 8)) unreachable"), {}),
    "fail": (handle(PUBLISH + "(i32.const 5)"), {}),
    "spin": (handle(PUBLISH + "(loop $again (br $again)) (i32.const 0)"), {"timeout_ms": 60}),
}
ENDS = {"trap": (500, "function-trapped"), "trap-late": (500, "function-trapped"), "fail": (500, "function-failed"),
        "spin": (504, "function-timed-out")}  # fmt: skip


class Client(threading.Thread):
    """Runs until `soak.stop`; at `soak.pause` it lets go of its connection and waits. Its own state is read only while it waits."""

    def __init__(self, soak, number):
        super().__init__(daemon=True)
        self.soak, self.number, self.server = soak, number, soak.server
        self.dice = random.Random(f"{soak.seed}:{number}")
        self.bucket, self.names = f"soak{number}", 0
        self.keys = [self.new_key() for _ in range(KEYS)]
        self.retired, self.connection, self.waits = [], None, threading.Event()
        self.function = None  # (name, what it answers), when there is one.
        self.old_functions = []
        self.done = {}

    def new_key(self):
        self.names += 1
        return Key(f"{self.bucket}/k{self.names}")

    # ---- one after the other ----

    WEIGHTS = {"put": 20, "get": 30, "delete": 5, "list": 3, "example": 25, "publish": 8, "late": 5, "no_effect": 5, "deploy": 1,
               "invoke_own": 5, "look": 3, "pipeline": 3, "malformed": 3, "half_close": 4, "reset": 6, "read_slowly": 1}  # fmt: skip

    def run(self):
        while not self.soak.stop.is_set():
            if self.soak.pause.is_set():
                self.hang_up()
                self.waits.set()
                self.soak.go.wait()
                self.waits.clear()
                continue
            name = self.dice.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()))[0]
            try:
                getattr(self, "do_" + name)()
            except Lost:
                name = "lost"
            except Exception as finding:  # noqa: BLE001 Also our own errors end the soak with a word.
                self.soak.found(f"client {self.number}, {name}: {type(finding).__name__}: {finding}")
                break
            self.done[name] = self.done.get(name, 0) + 1
        self.hang_up()
        self.waits.set()

    def hang_up(self):
        if self.connection:
            self.connection.http.close()
        self.connection = None

    @contextlib.contextmanager
    def losing(self, since):
        """A connection may break only when a worker was killed in its life."""
        try:
            yield
        except TimeoutError as error:
            raise Finding(f"no answer within {ANSWER_SECONDS_MAX} s") from error
        except (OSError, http.client.HTTPException) as error:
            if not self.soak.worker_kills.since(since):
                raise Finding(f"a connection broke although no worker was killed: {error!r}") from error
            raise Lost from error

    def ask(self, method, target, body=None, headers=None):
        if not self.connection:
            self.opened = time.monotonic()
            self.connection = Connection(self.server, ANSWER_SECONDS_MAX)
        begun = time.monotonic()
        try:
            with self.losing(self.opened):
                answer = self.connection.request(method, target, body, headers)
        except (Lost, Finding):
            self.hang_up()
            raise
        if answer.headers.get("Connection") == "close":
            self.hang_up()
        self.excuse(answer, begun)
        return answer

    def excuse(self, answer, begun):
        """What a kill explains: a lost lane, and no room while the supervisor still counts a dead worker's lanes."""
        if answer.status == 502 and answer.problem == "lane-lost" and self.soak.lane_kills.since(begun):
            raise Lost
        if answer.status == 503 and self.soak.worker_kills.since(begun - 2):
            raise Lost

    @contextlib.contextmanager
    def wire(self):
        opened = time.monotonic()
        with self.losing(opened), Wire(self.server, ANSWER_SECONDS_MAX) as wire:
            yield wire

    @staticmethod
    def want(answer, status, about, problem=None):
        if answer.status != status or (problem and answer.problem != problem):
            raise Finding(f"{about}: wanted {status} {problem or ''}, got {answer}")

    def want_text(self, answer, text, about, status=200):
        self.want(answer, status, about)
        if answer.body != text:
            raise Finding(f"{about}: {len(answer.body)} bytes, wanted {len(text)}; the first difference is at {first_difference(answer.body, text)}")

    # ---- what writes ----

    @contextlib.contextmanager
    def writing(self, key, content):
        """Until the write is known to have happened or not, the key is uncertain; one that stays so is used no more."""
        key.maybe.append(content)
        try:
            yield
        except Exception:
            self.retire(key)
            raise
        key.maybe.remove(content)

    def retire(self, key):
        self.retired.append(key)
        self.keys[self.keys.index(key)] = self.new_key()

    def in_some_framing(self, text):
        """A body of known size, or in chunks."""
        if self.dice.random() < 0.7:
            return text
        size = self.dice.choice((10, 1000, 16384, 300_000)) if len(text) < 200_000 else 300_000
        return (text[at : at + size] for at in range(0, len(text), size))

    def do_put(self):
        key, content = self.dice.choice(self.keys), Content.drawn(self.dice)
        there = key.content is not GONE
        condition = self.dice.choice(("none", "none", "same", "other", "absent"))
        headers = {"none": {}, "same": {"If-Match": key.etag or "*"}, "other": {"If-Match": '"0123456789abcdef"'},
                   "absent": {"If-None-Match": "*"}}[condition]  # fmt: skip
        with self.writing(key, content):
            answer = self.ask("PUT", "/o/" + key.name, self.in_some_framing(content.text), headers)
            if condition == "other" or (condition == "same" and not there) or (condition == "absent" and there):
                return self.want(answer, 412, f"PUT {key.name}", "precondition-failed")
            self.want(answer, 200 if there else 201, f"PUT {key.name}")
            if answer.json["bytes"] != content.size or answer.headers["ETag"] in (None, key.etag):
                raise Finding(f"PUT {key.name}: {answer.json}, ETag {answer.headers['ETag']} after {key.etag}")
            key.set(content, answer.headers["ETag"])

    def do_delete(self):
        key = self.dice.choice(self.keys)
        with self.writing(key, GONE):
            self.want(self.ask("DELETE", "/o/" + key.name), 204 if key.content else 404, f"DELETE {key.name}")
            key.set(GONE)

    def do_publish(self):
        key, content = self.dice.choice(self.keys), Content.drawn(self.dice)
        with self.writing(key, content._replace(upper=True)):
            answer = self.ask("POST", f"/f/upper?into={key.name}", self.in_some_framing(content.text))
            self.want(answer, 200, f"upper into {key.name}")
            if answer.json != {"object": key.name, "bytes": content.size}:
                raise Finding(f"upper into {key.name}: {answer.json}, sent {content}")
            key.set(content._replace(upper=True))

    def do_late(self):
        key, content = self.dice.choice(self.keys), Content.drawn(self.dice)
        with self.writing(key, content):
            name = self.dice.choice(("late", "late-heavy", "late-express"))
            self.want_text(self.ask("POST", f"/f/{name}?into={key.name}", content.text), b"\7\0\0\0", f"{name} into {key.name}")
            key.set(content)

    def do_no_effect(self):
        """Publishes and then fails: the key keeps what it holds, which later reads show."""
        key, name = self.dice.choice(self.keys), self.dice.choice(("trap", "trap", "trap-late", "fail", "fail", "spin"))
        answer = self.ask("POST", f"/f/{name}?into={key.name}", Content.drawn(self.dice).text)
        no_room = name == "spin" and answer.status == 503 and answer.problem == "overloaded" and "60 ms" in answer.detail  # All were busy for so long.
        if not no_room:
            status, problem = ENDS[name]
            self.want(answer, status, f"{name} into {key.name}", problem)
        self.read(key)

    # ---- what reads ----

    def read(self, key):
        answer = self.ask("GET", "/o/" + key.name)
        if key.content is GONE:
            return self.want(answer, 404, f"GET {key.name}", "object-not-found")
        self.want_text(answer, key.content.text, f"GET {key.name}")
        if key.etag not in (None, answer.headers["ETag"]):
            raise Finding(f"GET {key.name}: ETag {answer.headers['ETag']}, wanted {key.etag}")
        key.etag = answer.headers["ETag"]

    def do_get(self):
        key, how = self.dice.choice(self.keys), self.dice.choice(("whole", "head", "range", "range", "known", "other"))
        if key.content is GONE or key.etag is None or how == "whole":
            return self.read(key)
        text, about = key.content.text, f"{how} of {key.name}"
        if how == "head":
            answer = self.ask("HEAD", "/o/" + key.name)
            self.want_text(answer, b"", about)
            if int(answer.headers["Content-Length"]) != len(text):
                raise Finding(f"{about}: {answer.headers['Content-Length']} bytes, wanted {len(text)}")
        elif how == "known":
            self.want(self.ask("GET", "/o/" + key.name, headers={"If-None-Match": key.etag}), 304, about)
        elif how == "other":
            self.want(self.ask("GET", "/o/" + key.name, headers={"If-Match": '"other"'}), 412, about)
        else:
            first = self.dice.randrange(len(text) + 1)
            last = first + self.dice.randrange(100_000)
            answer = self.ask("GET", "/o/" + key.name, headers={"Range": f"bytes={first}-{last}"})
            if first == len(text):
                return self.want(answer, 416, about)
            self.want_text(answer, text[first : last + 1], about, 206)

    def do_list(self):
        there = {key.name.partition("/")[2] for key in self.keys if key.content is not GONE}
        unsure = {key.name.partition("/")[2] for key in self.retired}
        answer = self.ask("GET", f"/o/{self.bucket}")
        if answer.status == 404 and not there:
            return
        self.want(answer, 200, f"list of {self.bucket}")
        listed = {one["key"] for one in answer.json["objects"]}
        if not there <= listed <= there | unsure:
            raise Finding(f"list of {self.bucket}: lacks {there - listed}, has {listed - there - unsure} too many")

    def do_example(self):
        name, key = self.dice.choice(list(ANSWERS)), self.dice.choice(self.keys)
        query, body = drawn_parameters(name, self.dice), None
        if self.dice.random() < 0.03:
            text, query["object"] = NOISE, LARGE
        elif self.dice.random() < 0.5 and key.content is not GONE:
            text, query["object"] = key.content.text, key.name
        else:
            text = Content.drawn(self.dice).text
            body = self.in_some_framing(text)
        answer = self.ask("GET" if body is None else "POST", f"/f/{name}{query_text(query)}", body)
        self.want_text(answer, answer_of(name, text, query), f"{name} {query}")

    def do_look(self):
        for target in ("/healthz", "/readyz", "/metrics", "/v1/functions", "/v1/functions/late/logs"):
            self.want(self.ask("GET", target), 200, target)

    # ---- functions that come and go ----

    def do_deploy(self):
        if self.function and self.dice.random() < 0.3:
            name, self.function = self.function[0], None
            self.old_functions.append(name)
            self.want(self.ask("DELETE", f"/v1/functions/{name}"), 204, f"removal of {name}")
            self.old_functions.remove(name)
            return self.want(self.ask("GET", f"/f/{name}"), 404, f"{name} after its removal", "function-not-found")
        self.names += 1
        name = self.function[0] if self.function else f"soak{self.number}-{self.names}"
        was, self.function = self.function, None
        self.old_functions.append(name)
        module = guests.module(handle(f"(call $answer (i32.const {self.names}))"))
        answer = self.ask("PUT", f"/v1/functions/{name}{query_text({'class': self.dice.choice(('auto', 'heavy'))})}", module)
        self.want(answer, 200, f"deploy of {name} {'again' if was else ''}")
        self.old_functions.remove(name)
        self.function = (name, struct.pack("<i", self.names))
        self.do_invoke_own()

    def do_invoke_own(self):
        if self.function:
            self.want_text(self.ask("GET", "/f/" + self.function[0]), self.function[1], self.function[0])

    # ---- what a library would not do ----

    def do_pipeline(self):
        there = [key for key in self.keys if key.content is not GONE] * 2
        with self.wire() as wire:
            wire.send(b"".join(f"GET /o/{key.name} HTTP/1.1\r\nHost: h\r\n\r\n".encode() for key in there))
            for key in there:
                self.want_text(wire.answer(), key.content.text, f"pipelined GET {key.name}")

    def do_malformed(self):
        text = self.dice.choice((b"GET / HTTP/1.1\r\n\r\n", b"G\0T / HTTP/1.1\r\nHost: h\r\n\r\n", b"PUT /o/b/k HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
                                 b"POST /f/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"))  # fmt: skip
        with self.wire() as wire:
            wire.send(text)
            self.want(wire.answer(), 400, f"{text!r}", "bad-request")
            if not wire.is_closed():
                raise Finding(f"the connection stays open after {text!r}")

    def do_half_close(self):
        """Says all it has to say, and then listens."""
        key, content = self.dice.choice(self.keys), Content.drawn(self.dice)
        head = f"PUT /o/{key.name} HTTP/1.1\r\nHost: h\r\nContent-Length: {content.size}\r\n\r\n".encode()
        with self.writing(key, content), self.wire() as wire:
            wire.send(head + content.text)
            wire.socket.shutdown(socket.SHUT_WR)
            answer = wire.answer()
            self.want(answer, 201 if key.content is GONE else 200, f"half-closed PUT {key.name}")
            key.set(content, answer.headers["ETag"])

    def do_read_slowly(self):
        with self.wire() as wire:
            wire.send(f"GET /o/{LARGE} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
            received = bytearray()
            while more := wire.socket.recv(256 << 10):
                received += more
                time.sleep(0.005)
            head, _, text = bytes(received).partition(b"\r\n\r\n")
            if len(text) < len(NOISE):
                raise ConnectionError(f"read slowly, {LARGE} ends after {len(text)} bytes")
        if text != NOISE or not head.startswith(b"HTTP/1.1 200 "):
            raise Finding(f"read slowly, {LARGE} is {len(text)} bytes; the first difference is at {first_difference(text, NOISE)}")

    def do_reset(self):
        """Resets its connection in some state. What was sent whole may have taken effect."""
        key, content = self.dice.choice(self.keys), Content.drawn(self.dice)._replace(size=100_000)
        put = f"PUT /o/{key.name} HTTP/1.1\r\nHost: h\r\n".encode()
        sized = b"Content-Length: 100000\r\n\r\n"
        state, text = self.dice.choice((
            ("head", put), ("sized body", put + sized + content.text[:50_000]),
            ("chunked body", put + b"Transfer-Encoding: chunked\r\n\r\n186a0\r\n" + content.text[:50_000]),
            ("express", b"POST /f/echo HTTP/1.1\r\nHost: h\r\n" + sized + content.text),
            ("response", f"GET /o/{LARGE} HTTP/1.1\r\nHost: h\r\n\r\n".encode()),
            ("commit", put + sized + content.text),
            ("lane", f"POST /f/late-heavy?into={key.name} HTTP/1.1\r\nHost: h\r\n".encode() + sized + content.text)))  # fmt: skip
        if state in ("commit", "lane"):
            key.maybe.append(content)
            self.retire(key)
        with contextlib.suppress(OSError), Wire(self.server) as wire:
            wire.send(text)
            if state == "response":
                wire.socket.recv(100_000)
            time.sleep(self.dice.choice((0, 0, 0.002, 0.01)))
            wire.reset()

    # ---- while everything rests ----

    def settle(self):
        """Looks at every key, also at those with which it could not be sure, and removes these. Called while it waits."""
        for key in self.retired:
            answer = self.ask("GET", "/o/" + key.name)
            found = answer.body if answer.status == 200 else GONE
            if answer.status not in (200, 404) or not key.may_hold(found):
                raise Finding(f"{key.name}: {answer.status}, {len(answer.body)} bytes, none of {[key.content, *key.maybe]}")
            self.want(self.ask("DELETE", "/o/" + key.name), 204 if answer.status == 200 else 404, f"DELETE {key.name}")
        for name in self.old_functions:
            self.ask("DELETE", f"/v1/functions/{name}")
        self.retired, self.old_functions = [], []
        for key in self.keys:
            self.read(key)
        self.do_list()
        self.do_invoke_own()
        self.hang_up()


def first_difference(a, b):
    return next((at for at, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))

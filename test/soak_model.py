"""What a soak knows: contents that tell themselves apart, what each key holds, what was killed when, and what examples answer."""

import functools
import random
import threading
import time
from typing import NamedTuple, Optional

LARGE_BYTES = 24 << 20  # The object that all clients share.
CONTENT_BYTES_MAX = 4 << 20
SIZES = {0: 2, 1: 1, 100: 6, 5000: 6, 16383: 2, 16384: 2, 16385: 2, 100_000: 6, 1_000_003: 3, CONTENT_BYTES_MAX: 1}
ALPHABET = b"abcdefghijklmnopqrstuvwxyz" * 8 + b" " * 40 + b"\n" * 8  # 256 bytes: what each byte of noise becomes.
NOISE = random.Random(1).randbytes(LARGE_BYTES).translate(ALPHABET)
GONE = None


class Finding(Exception):
    """The server did something that it must not do."""


class Lost(Exception):
    """A request ended without an answer, or was refused, because something was killed."""


class Content(NamedTuple):
    """Text that tells its seed and is whole only with every byte of it."""

    seed: int
    size: int
    upper: bool = False

    @classmethod
    def drawn(cls, dice):
        return cls(dice.getrandbits(40), dice.choices(list(SIZES), list(SIZES.values()))[0])

    @property
    def text(self):
        start = self.seed % (LARGE_BYTES - CONTENT_BYTES_MAX)
        text = (b"%x " % self.seed + NOISE[start : start + self.size])[: self.size]
        return text.upper() if self.upper else text


def text_of(content: Optional[Content]):
    return content if content is GONE else content.text


class Key:
    """A name that one client writes. `content` is certain; `maybe` may have replaced it by a write without an answer."""

    def __init__(self, name):
        self.name, self.content, self.etag = name, GONE, None
        self.maybe = []

    def set(self, content, etag=None):
        self.content, self.etag = content, etag

    def may_hold(self, text):
        return any(text_of(one) == text for one in [self.content, *self.maybe])


class Kills:
    """When processes of one kind were killed: from before the signal until they were seen dead."""

    def __init__(self):
        self.begun, self.last_end, self.count = False, -1.0, 0
        self.lock = threading.Lock()

    def begin(self):
        with self.lock:
            self.begun, self.count = True, self.count + 1

    def end(self):
        with self.lock:
            self.begun, self.last_end = False, time.monotonic()

    def since(self, moment):
        """Whether one may have hit what lived at `moment` or later."""
        with self.lock:
            return self.begun or self.last_end >= moment


# ---- what the examples answer ----


def wc(text):
    return b'{"lines":%d,"words":%d,"bytes":%d}\n' % (text.count(b"\n"), len(text.split()), len(text))


def sum_of_words(text):
    words = memoryview(text)[: len(text) // 8 * 8].cast("Q")
    return b"%d\n" % (sum(words) % 2**64)


def sample(text, n, seed):
    words, total = memoryview(text)[: len(text) // 8 * 8].cast("Q"), 0
    for _ in range(n if len(words) else 0):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        total += words[(seed >> 33) % len(words)]
    return b"%d\n" % (total % 2**64)


def grep(text, word):
    found = [line for line in text.split(b"\n") if word in line]
    return b"\n".join(found) + b"\n" if found else b""


# Example -> its answer to a text with these parameters.
ANSWERS = {
    "noop": lambda text, query: b"ok\n",
    "echo": lambda text, query: text,
    "wc": lambda text, query: wc(text),
    "sum": lambda text, query: sum_of_words(text),
    "sample": lambda text, query: sample(text, query["n"], query["seed"]),
    "upper": lambda text, query: text.upper(),
    "grep": lambda text, query: grep(text, query["word"].encode()),
}


def drawn_parameters(name, dice):
    if name == "grep":
        return {"word": dice.choice(("soak", "qu", "e", "not there"))}
    return {"n": dice.randrange(200), "seed": dice.getrandbits(32)} if name == "sample" else {}


@functools.lru_cache
def answer_for_noise(name, word):
    return ANSWERS[name](NOISE, {"word": word})


def answer_of(name, text, query):
    if text is NOISE and name != "sample":  # Takes Python seconds, so once.
        return answer_for_noise(name, query.get("word"))
    return ANSWERS[name](text, query)

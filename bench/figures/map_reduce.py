"""A map and a reduce over an object: the words of 1 GiB of text, counted by the pipeline of the examples on every core and on one."""

import os
import random
import time

from harness.figure import Figure, take_turns
from harness.lab import GIB, MIB, ROOT, Lab
from harness.processes import Failed, Program

WORDS = 50_000


def text(size):
    """`size` bytes of words, some frequent, in lines, in pieces of 1 MiB."""
    dice = random.Random(1)
    words = [bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz", k=dice.randint(2, 10))) for _ in range(WORDS)]
    weights = [1 / (10 + rank) for rank in range(WORDS)]
    pieces = []
    for _ in range(32):
        drawn = dice.choices(words, weights, k=MIB // 6)
        lines = b"\n".join(b" ".join(drawn[i:i + 10]) for i in range(0, len(drawn), 10))
        pieces.append(lines[:MIB - 1].ljust(MIB - 1, b" ") + b"\n")
    for i in range(size // MIB):
        yield pieces[i % len(pieces)]


def measure(lab: Lab) -> list[Figure]:
    cores = sorted(os.sched_getaffinity(0))
    name = "words of 1 GiB counted by a pipeline: speed-up of all cores over one"
    if len(cores) < 2:
        return [Figure(name, [], None, "x", 0.9, False, "a native program of two processes", "there is one core")]
    size = GIB
    with lab.serve("words", workers=1) as server:
        lab.say("storing 1 GiB of text")
        server.request("PUT", "/o/bench/text", text(size), {"Content-Length": str(size)})
        server.deploy_as("wordfreq", lab.example("wordfreq"), **{"class": "heavy", "timeout_ms": 300_000})
        plan = (ROOT / "examples/wordfreq.toml").read_bytes()
        server.request("PUT", "/v1/functions/words?class=pipeline&timeout_ms=600000", plan)
        with Program([lab.native / "word_frequency", server.object_file("bench", "text")]) as native:

            def on(some, processes):
                for pid in processes:
                    os.sched_setaffinity(pid, some)

            def ours(some):
                on(some, server.processes())
                began = time.monotonic()
                counted = server.request("GET", "/f/words/bench/text").content
                seconds = time.monotonic() - began
                if counted.count(b"\n") != words:
                    raise Failed("the pipeline and the native program do not count the same words")
                return seconds

            def natively(some):
                on(some, [native.pid])
                return float(native.ask("count", len(some)).split()[0])

            words = int(native.ask("count", 2).split()[1])

            two, one = cores[:2], cores[:1]
            rounds = lab.rounds(5, 3)
            native_two, native_one, ours_two, ours_one = take_turns(rounds, lambda: natively(two), lambda: natively(one), lambda: ours(two), lambda: ours(one))
    speed_up = [a / b for a, b in zip(ours_one, ours_two)]
    native_speed_up = [a / b for a, b in zip(native_one, native_two)]
    return [Figure(name, speed_up, native_speed_up, "x", 0.9, False, "a native program of two processes"),
            Figure("the same on all cores", ours_two, native_two, "s", None, True, "that program")]

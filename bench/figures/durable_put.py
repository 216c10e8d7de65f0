"""Durable PUTs of 4 KiB by 32 clients: throughput against bare files with the same fsyncs, latency against the catalog's size."""

import itertools
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

from harness.figure import Figure, take_turns
from harness.lab import Lab
from harness.processes import Failed

CLIENTS = 32
OBJECT_BYTES = 4096
WORKERS = 2
MANY, FEW = 1_000_000, 1_000


def put(lab: Lab, server, key: str, *options) -> dict:
    os.sync()  # Nobody pays for what another round left to be written.
    return lab.load(server.port, "--connections", CLIENTS, "--seconds", lab.seconds(3), "--method", "PUT",
                    "--body", OBJECT_BYTES, "--target", f"/o/bench/{key}", *options)


def bare_files_per_second(lab: Lab, directory: pathlib.Path) -> float:
    directory.mkdir(exist_ok=True)
    os.sync()
    command = [lab.native / "durable_files", directory, lab.seconds(3), CLIENTS]
    run = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    shutil.rmtree(directory)
    if run.returncode != 0:
        raise Failed("durable_files ended with an error")
    counted = json.loads(run.stdout)
    return counted["requests"] / counted["seconds"]


def throughput(lab: Lab) -> Figure:
    turns = itertools.count()
    with lab.serve("puts", WORKERS) as server:

        def ours():
            counted = put(lab, server, f"{next(turns)}-@")
            return counted["requests"] / counted["seconds"]

        values = take_turns(lab.rounds(9), ours, lambda: bare_files_per_second(lab, lab.scratch / "bare"))
    return Figure("durable PUTs of 4 KiB, 32 clients", *values, "objects/s", 0.5, False, "bare files")


def fill_catalog(lab: Lab, data: str, objects: int) -> None:
    """Objects k0000000 and so on: rows of a stopped server's catalog, without files. Their versions are of epoch 0, the past."""
    lab.say(f"writing a catalog of {objects} objects")
    with lab.serve(data, workers=1):
        pass
    rows = (("bench", b"k%07d" % i, f"{0:08x}{0:08x}{i:016x}", OBJECT_BYTES, "application/octet-stream", 0)
            for i in range(objects))
    with sqlite3.connect(lab.scratch / data / "catalog.db") as catalog:
        catalog.executemany("INSERT INTO objects (bucket, key, version, size_bytes, content_type, modified_ms) "
                            "VALUES (?, ?, ?, ?, ?, ?)", rows)
    catalog.close()


def latency(lab: Lab) -> Figure:
    """Objects drawn by chance are replaced, so that their number stays."""
    fill_catalog(lab, "many", MANY)
    fill_catalog(lab, "few", FEW)
    with lab.serve("many", WORKERS) as many, lab.serve("few", WORKERS) as few:
        values = take_turns(lab.rounds(9), lambda: put(lab, many, "k@", "--choose", MANY)["p50_us"] / 1000,
                            lambda: put(lab, few, "k@", "--choose", FEW)["p50_us"] / 1000)
    return Figure("the same replacing one of 1,000,000, p50", *values, "ms", 1.2, True, "one of 1,000")


def measure(lab: Lab) -> list[Figure]:
    figures = [throughput(lab)]
    if lab.quick:
        lab.say("--quick: no catalog of 1,000,000 objects")
    else:
        figures.append(latency(lab))
    return figures

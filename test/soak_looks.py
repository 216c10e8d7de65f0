"""What a soak leaves behind when its load rests: processes, descriptors, mappings, memory, files, counters."""

import collections
import os
import pathlib
import re
import time

from serving import eventually
from soak_model import Finding

FILE_SECONDS = 10  # For what is swept behind an answer.
LANE_SECONDS = 15  # A lane without work ends after 10 s; so long a worker also keeps the ends of one that was killed.

# Growth that is tolerated over a server that has just started, for each process, and why.
#
# Descriptors: a worker keeps one for each object that it remembers and for each function's code, with checks and without
# (bounded by kObjectsCachedMax, kFunctionsLoadedMax), the supervisor one for each folder of objects that it has used. None of
# a file that is gone.
OBJECT_FOLDERS = 256
# Mappings: two for each slot of the engine's pool that was ever used (kPoolSlots; they are used in turn, so in the end all of
# them), one for each object that is remembered, four for a loaded program, and the allocator's arenas.
MAPPINGS_OF_SLOTS = 2 * 200
MAPPINGS_PER_PROGRAM = 4
MAPPINGS_MORE = 40
# Anonymous memory: a worker's caches and the buffers of its connections, which the allocator keeps; a supervisor's log lines
# (1000 of each function) and SQLite's page cache. That is 1 to 2 MiB after minutes of load; what grows with the number of
# requests goes past any bound.
ANON_MIB_MORE = 6


def kind_of(target):
    """What a descriptor is for, without what differs from one to the next."""
    if target.endswith("(deleted)") and target.startswith("/") and not target.startswith("/memfd:"):
        return "deleted file"
    if re.search(r"/objects/[0-9a-f]{2}$", target):
        return "folder of objects"
    if re.match(r"/proc/\d+/(pagemap|smaps)$", target):
        return "own memory"
    for folder in ("objects", "compiled", "modules"):
        if f"/{folder}/" in target:
            return folder
    return re.sub(r":?\[\d+\]|^/proc/\d+/.*|\s\(deleted\)$", "", target).rpartition("/")[2]


def descriptors(pid):
    kinds = collections.Counter()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            kinds[kind_of(os.readlink(entry))] += 1
        except FileNotFoundError:  # Closed meanwhile.
            pass
    return kinds


def mappings(pid):
    return len(pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines())


def anon_mib(pid):
    """Memory that is this process's own, shared parts in proportion."""
    fields = dict(line.split()[:2] for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return int(fields["Pss_Anon:"]) / 1024


class Looks:
    """Compares with the server as it was at the start; a replaced worker is compared with those."""

    def __init__(self, server, worker_kills):
        self.server, self.worker_kills = server, worker_kills
        self.last = "no look yet"
        for connection in server.connections_by_worker().values():  # All workers have come up.
            connection.http.close()
        self.wait_for_requests()
        time.sleep(0.2)  # Until the connection of that look is closed, too.
        self.at_start = {
            name: (descriptors(pid), mappings(pid), anon_mib(pid))
            for name, pid in (("inlay", server.pid), ("inlay-worker", server.worker_pids()[0]))
        }

    def wait_for_requests(self):
        """Until no request runs, also none whose client is gone."""
        if not eventually(lambda: self.server.metrics()["inlay_connections_open"] == 1, 20, 0.1):
            raise Finding(f"{self.server.metrics()['inlay_connections_open'] - 1} connections stay open")

    def wait_for_processes(self):
        """Until there is no lane and no compiler, and as many workers as asked for."""
        if not eventually(lambda: set(self.server.children().values()) == {"inlay-worker"}, LANE_SECONDS, 0.1):
            raise Finding(f"processes stay: {self.server.children()}")

    def look(self):
        """Requires: no load."""
        self.wait_for_processes()
        objects = self.look_at_files()
        functions = len(self.server.request("GET", "/v1/functions").json["functions"])
        held = [self.look_at_process(pid, name, objects, functions) for pid, name in {self.server.pid: "inlay", **self.server.children()}.items()]
        metrics = self.server.metrics()
        if metrics["inlay_worker_deaths_total"] != self.worker_kills.count:
            raise Finding(f"{metrics['inlay_worker_deaths_total']} workers died, {self.worker_kills.count} were killed")
        self.last = f"at rest: {objects} objects; " + ", ".join(held)

    def look_at_process(self, pid, name, objects, functions):
        kinds_first, mappings_first, anon_first = self.at_start[name]
        allowed = collections.Counter(kinds_first)
        of_functions = {"memfd:inlay-compiled": 2 * functions, "compiled": 2 * functions, "memfd:wasm-memory-image": functions}
        allowed["own memory"] = 2  # Opened at the first look at it.
        allowed["memfd:inlay-output"] += objects  # What functions published stays in memory.
        allowed.update({"folder of objects": OBJECT_FOLDERS} if name == "inlay" else {"objects": objects, **of_functions})
        if not eventually(lambda: not descriptors(pid) - allowed, LANE_SECONDS, 0.2):
            raise Finding(f"{name} {pid} holds descriptors: {dict(descriptors(pid) - allowed)} more than at its start")
        more_mappings, more_mib = mappings(pid) - mappings_first, anon_mib(pid) - anon_first
        if more_mappings > MAPPINGS_OF_SLOTS + objects + MAPPINGS_PER_PROGRAM * functions + MAPPINGS_MORE:
            raise Finding(f"{name} {pid} has {more_mappings} mappings more than at its start, {mappings_first}")
        if more_mib > ANON_MIB_MORE:
            raise Finding(f"{name} {pid} has {more_mib:.1f} MiB more of its own than at its start, {anon_first:.1f}")
        return f"{name} {more_mappings:+d} mappings {more_mib:+.1f} MiB"

    def files(self, folder):
        return [path.name for path in (self.server.data / folder).rglob("*") if path.is_file()]

    def look_at_files(self):
        """One file for each object and module, no more than two of compiled code, nothing temporary. Gives how many objects."""
        listed = self.server.request("GET", "/o").json["buckets"]
        objects = sum(len(self.server.request("GET", "/o/" + bucket["name"]).json["objects"]) for bucket in listed)
        functions = len(self.server.request("GET", "/v1/functions").json["functions"])
        found = lambda: [len(self.files(folder)) for folder in ("objects", "modules", "compiled")]  # noqa: E731
        right = lambda: found()[:2] == [objects, functions] and found()[2] <= 2 * functions  # noqa: E731
        if not eventually(right, FILE_SECONDS, 0.2):
            raise Finding(f"{objects} objects and {functions} functions have {found()} files of objects, modules and code")
        temporary = [str(path) for path in self.server.data.rglob("*.tmp")]
        if temporary:
            raise Finding(f"temporary files stay: {temporary}")
        return objects

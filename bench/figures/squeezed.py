"""`sum` over an object of twice the memory that the server may use (a cgroup), and what a no-op beside it waits."""

import http.client
import time

from figures.noop_beside import cold_sums, p99_ms
from harness import page_cache
from harness.figure import Figure, take_turns
from harness.lab import GIB, Lab
from harness.memory_group import MemoryGroup, Unavailable
from harness.processes import Failed, Inlay, Program

GROUP_BYTES = GIB // 2


def measure(lab: Lab) -> list[Figure]:
    with lab.serve_objects(workers=1) as server:  # Stores the object.
        data = server.data
    try:
        ours_group, native_group = MemoryGroup(GROUP_BYTES), MemoryGroup(GROUP_BYTES)
    except Unavailable as why:
        raise Failed(str(why)) from why
    answers = set()

    def cold(sum_once):
        def gib_per_second():
            page_cache.drop(lab.stored["large"])
            begun = time.perf_counter()
            answers.add(sum_once())
            return 1 / (time.perf_counter() - begun)

        return gib_per_second

    with (ours_group, native_group, Inlay(lab.inlay, data, 1, within=ours_group.enters, settings=("hot_memory = 0",)) as server,
          Program([*native_group.enters, lab.native / "map_sum", lab.stored["large"]]) as native):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

        def ours():
            connection.request("GET", "/f/sum?object=bench/large")
            return connection.getresponse().read().decode().strip()

        values = take_turns(lab.rounds(5), cold(ours), cold(lambda: native.ask("cold")))
        beside = []
        for _ in range(lab.rounds(5, 2)):
            with cold_sums(lab, server):
                beside.append(p99_ms(lab, server))
        connection.close()
    if len(answers) != 1:
        raise Failed(f"sum over 1 GiB within 512 MiB: {answers}")
    return [Figure("sum over 1 GiB within 512 MiB of memory", *values, "GiB/s", None, False, "native cold mmap within the same"),
            Figure("no-op p99 meanwhile", beside, None, "ms", 20.0, True)]

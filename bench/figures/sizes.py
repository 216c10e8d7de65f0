"""Time against size, from 4 KiB to 1 GiB: `sample` and `sum` here, the same sum natively and in Node. Draws docs/plots/time_by_size.svg."""

import contextlib
import http.client
import statistics
import time

from harness.figure import Figure
from harness.lab import GIB, MIB, ROOT, Lab, content
from harness.plot import Line, svg
from harness.processes import Failed, Program
from peers import node
from peers.turns import available

SIZES = [4096 << shift for shift in range(0, 19, 2)]
PLOT = ROOT / "docs/plots/time_by_size.svg"
SECONDS_PER_POINT = 1.0
CALLS_MAX = 200


class Client:
    """One connection; the time from a request to its whole answer."""

    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def get(self, target: str) -> str:
        self.connection.request("GET", target)
        response = self.connection.getresponse()
        answer = response.read().decode().strip()
        if response.status != 200:
            raise Failed(f"{target}: {response.status} {answer}")
        return answer


def median_us(call) -> float:
    """Warm: the first call does not count."""
    call()
    took, until = [], time.monotonic() + SECONDS_PER_POINT
    while not took or (time.monotonic() < until and len(took) < CALLS_MAX):
        begun = time.perf_counter()
        call()
        took.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(took)


def key_of(server, size: int) -> str:
    """An object of the bucket `bench` that begins as bench/large does."""
    if size == GIB:
        return "large"
    server.request("PUT", f"/o/bench/size{size}", b"".join(content(max(size, MIB)))[:size])
    return f"size{size}"


def measure(lab: Lab) -> list[Figure]:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(lab.serve_objects(workers=1, core=lab.server_core))
        server.deploy_as("sum_auto", lab.example("sum"))  # Begins in the worker, as all do that are not told otherwise.
        peers, missing = available(stack, {node.NAME: lambda: node.serve(lab, lab.server_core, lab.stored["large"])})
        ours = Client(server.port)
        theirs = {name: Client(peer.port) for name, peer in peers.items()}
        times: dict[str, list[tuple[float, float]]] = {}
        for size in SIZES:
            key = key_of(server, size)
            native = stack.enter_context(Program([lab.native / "map_sum", server.object_file("bench", key)], lab.server_core))
            calls = {
                "Inlay, sum": lambda: ours.get(f"/f/sum_auto?object=bench/{key}"),
                "native mmap, sum": lambda: native.ask("sum"),
                **{f"{peer}, sum": lambda client=client: client.get(f"/sum?size={size}") for peer, client in theirs.items()},
            }
            if len(answers := {call() for call in calls.values()}) != 1:
                raise Failed(f"sum over {size} bytes: {answers}")
            calls["Inlay, 100 words drawn"] = lambda: ours.get(f"/f/sample?object=bench/{key}&n=100&seed=7")
            for line, call in calls.items():
                times.setdefault(line, []).append((size, median_us(call)))
    PLOT.parent.mkdir(exist_ok=True)
    PLOT.write_text(svg("One request over an object, warm, one core", "size of the object", "time from request to answer",
                        [Line(name, points) for name, points in times.items()]))
    lab.say(f"drew {PLOT.relative_to(ROOT)}")
    last = {name: [points[-1][1] / 1000] for name, points in times.items()}
    reference = last.get(f"{node.NAME}, sum")
    return [Figure("sum over 1 GiB, one client", last["Inlay, sum"], reference, "ms", None, True, node.NAME,
                   missing.get(node.NAME, ""))]

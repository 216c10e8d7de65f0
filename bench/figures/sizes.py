"""Time against size: a request over an object and one with a body, here and elsewhere. Draws the plots in docs/plots/."""

import contextlib
import http.client
import statistics
import time

from harness.figure import Figure
from harness.lab import GIB, MIB, ROOT, Lab, content
from harness.plot import Line, svg
from harness.processes import Failed, Program
from peers import node, wasmtime
from peers.turns import available

PLOTS = ROOT / "docs/plots"
OBJECT_SIZES = [4096 << shift for shift in range(0, 19, 2)]  # To 1 GiB.
BODY_SIZES = [4096 << shift for shift in range(0, 15, 2)]    # To 64 MiB.
SECONDS_PER_POINT, CALLS_MAX = 1.0, 200
OURS = "Inlay, sum"


class Client:
    """One connection; the time from a request to its whole answer."""

    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(self, target: str, body: bytes | None = None) -> str:
        self.connection.request("POST" if body else "GET", target, body)
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


class Plot:
    """The times of what is called by name, for one size after the other."""

    def __init__(self):
        self.times: dict[str, list[tuple[float, float]]] = {}

    def add(self, size: int, calls: dict) -> None:
        for name, call in calls.items():
            self.times.setdefault(name, []).append((size, median_us(call)))

    def add_sums(self, size: int, calls: dict) -> None:
        """What all are to answer alike."""
        if len(answers := {call() for call in calls.values()}) != 1:
            raise Failed(f"sum over {size} bytes: {answers}")
        self.add(size, calls)

    def draw(self, file: str, title: str, x_name: str) -> None:
        PLOTS.mkdir(exist_ok=True)
        lines = [Line(name, points) for name, points in self.times.items()]
        (PLOTS / file).write_text(svg(title, x_name, "time from request to answer", lines))
        Lab.say(f"drew docs/plots/{file}")

    def last(self, title: str, peer: str, missing: dict) -> Figure:
        """The largest size as a line of the table."""
        milliseconds = {name: [points[-1][1] / 1000] for name, points in self.times.items()}
        return Figure(title, milliseconds[OURS], milliseconds.get(f"{peer}, sum"), "ms", None, True, peer, missing.get(peer, ""))


def key_of(server, size: int) -> str:
    """An object of the bucket `bench` that begins as bench/large does."""
    if size == GIB:
        return "large"
    server.request("PUT", f"/o/bench/size{size}", b"".join(content(max(size, MIB)))[:size])
    return f"size{size}"


def objects(lab: Lab) -> Figure:
    plot = Plot()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(lab.serve_objects(workers=1, core=lab.server_core))
        server.deploy_as("sum_auto", lab.example("sum"))  # Begins in the worker, as all do that are not told otherwise.
        peers, missing = available(stack, {node.NAME: lambda: node.serve(lab, lab.server_core, lab.stored["large"])})
        ours = Client(server.port)
        theirs = {f"{name}, sum": Client(peer.port) for name, peer in peers.items()}
        for size in OBJECT_SIZES:
            key = key_of(server, size)
            native = stack.enter_context(Program([lab.native / "map_sum", server.object_file("bench", key)], lab.server_core))
            plot.add_sums(size, {
                OURS: lambda: ours.ask(f"/f/sum_auto?object=bench/{key}"),
                "native mmap, sum": lambda: native.ask("sum"),
                **{name: lambda client=client: client.ask(f"/sum?size={size}") for name, client in theirs.items()},
            })
            plot.add(size, {"Inlay, 100 words drawn": lambda: ours.ask(f"/f/sample?object=bench/{key}&n=100&seed=7")})
    plot.draw("time_by_object.svg", "One request over an object, warm, one core", "size of the object")
    return plot.last("sum over an object of 1 GiB, one client", node.NAME, missing)


def bodies(lab: Lab) -> list[Figure]:
    plot = Plot()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(lab.serve("body_sizes", workers=1, core=lab.server_core))
        server.deploy(lab.example("sum"))
        peers, missing = available(stack, {
            wasmtime.NAME: lambda: wasmtime.serve(lab, lab.server_core, wasmtime.BODY_SUM),
            node.NAME: lambda: node.serve(lab, lab.server_core),
        })
        ours = Client(server.port)
        theirs = {f"{name}, sum": Client(peer.port) for name, peer in peers.items()}
        whole = b"".join(content(BODY_SIZES[-1]))
        for size in BODY_SIZES:
            body = whole[:size]
            plot.add_sums(size, {
                OURS: lambda: ours.ask("/f/sum", body),
                **{name: lambda client=client: client.ask("/sum", body) for name, client in theirs.items()},
            })
    plot.draw("time_by_body.svg", "One request with a body, one core", "size of the body")
    return [plot.last("sum over a body of 64 MiB, one client", name, missing) for name in (wasmtime.NAME, node.NAME)]


def measure(lab: Lab) -> list[Figure]:
    return [objects(lab), *bodies(lab)]

"""`sample` of 100 words of an object: flat in its size, near to the native price, and without bringing in what it does not touch."""

from harness import page_cache
from harness.figure import Figure, take_turns
from harness.lab import MIB, Lab
from harness.processes import Program

BUSY_CONNECTIONS = 8
WORDS = 100
NATIVE_TIMES = 2_000


def cached_mib_after_cold(lab: Lab, server, seed: int) -> float:
    page_cache.drop(lab.stored["large"])
    server.request("GET", f"/f/sample?object=bench/large&n={WORDS}&seed={seed}")
    return page_cache.cached_bytes(lab.stored["large"]) / MIB


def measure(lab: Lab) -> list[Figure]:
    with (lab.serve_objects(workers=1, core=lab.server_core) as server,
          Program([lab.native / "map_sum", lab.stored["large"]], lab.server_core) as native,
          Program([lab.native / "map_sum", lab.stored["small"]], lab.server_core) as native_small):
        cold = [cached_mib_after_cold(lab, server, seed) for seed in range(lab.rounds(7))]
        server.request("GET", "/f/sum?object=bench/large")  # Warm.
        server.request("GET", "/f/sum?object=bench/small")

        def load(target, *options):
            return lab.load(server.port, "--target", target, "--choose", 10_000_000, "--seconds", lab.seconds(2),
                            *options, core=lab.client_core)

        def sample(key):
            return f"/f/sample?object=bench/{key}&n={WORDS}&seed=@"

        def latency(target):
            spin = ["--spin"] if lab.has_client_core else []
            return lambda: load(target, *spin)["p50_us"]

        def busy(key):
            def microseconds():
                counted = load(sample(key), "--connections", BUSY_CONNECTIONS)
                return counted["seconds"] * 1e6 / counted["requests"]

            return microseconds

        rounds = lab.rounds(7)
        large, small, noop, bare, bare_small = take_turns(
            rounds, latency(sample("large")), latency(sample("small")), latency("/f/noop"),
            lambda: float(native.ask("sample", WORDS, NATIVE_TIMES)), lambda: float(native_small.ask("sample", WORDS, NATIVE_TIMES)))
        parts = [request + words for request, words in zip(noop, bare, strict=True)]
        return [
            Figure("sample n=100 over 1 GiB, cold: then cached", cold, None, "MiB", 16, True),
            Figure("sample n=100 over 1 GiB, warm, one client", large, parts, "µs", 1.5, True, "no-op + native mmap and sample"),
            Figure("the same", large, small, "µs", 2.0, True, "over 16 MiB"),
            Figure("the same, worker never idle", *take_turns(rounds, busy("large"), busy("small")),
                   "µs/request", 2.0, True, "over 16 MiB"),
            Figure("native mmap and sample n=100 over 1 GiB", bare, bare_small, "µs", None, True, "over 16 MiB"),
        ]

"""The same functions in other languages against C: a sum over 256 MiB in place, and what it costs to begin."""

import http.client
import pathlib
import subprocess

from harness.figure import Figure, take_turns
from harness.lab import MIB, ROOT, Lab, content
from harness.processes import Failed, Program

# Language: what builds it, with the bars of its sum, and of its start with and without a snapshot. A toolchain that is missing is said, not measured.
LANGUAGES = {"Rust": ("sdk/rust/build", 1.05, 1.2, None), "AssemblyScript": ("sdk/assemblyscript/build", 1.3, None, None),
             "Go": ("sdk/go/build", 3.0, None, 20.0)}
NOT_THERE = 3


def built(lab: Lab, script: str) -> pathlib.Path | None:
    out = lab.scratch / script.split("/")[1]
    run = subprocess.run([ROOT / script, out], capture_output=True, text=True)
    if run.returncode not in (0, NOT_THERE):
        raise Failed(f"{script}: {run.stderr[-500:]}")
    return out if run.returncode == 0 else None


def measure_sums(lab: Lab, modules: dict[str, pathlib.Path]) -> list[Figure]:
    figures, answers = [], set()
    with lab.serve("languages", workers=1, core=lab.server_core) as server:
        server.request("PUT", "/o/bench/sum", content(256 * MIB), {"Content-Length": str(256 * MIB)})
        server.deploy_as("sum-C", lab.example("sum"), **{"class": "heavy"})
        for language, directory in modules.items():
            server.deploy_as(f"sum-{language}", directory / "sum.wasm", **{"class": "heavy"})
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

        def run_us(name):
            def measured():
                connection.request("GET", f"/f/sum-{name}?object=bench/sum", headers={"Inlay-Cost": "?1"})
                answer = connection.getresponse()
                answers.add(answer.read())
                cost = dict(pair.strip().split("=") for pair in answer.headers["Inlay-Cost"].split(","))
                return float(cost["run_us"])

            return measured

        for language in modules:
            ours, c = take_turns(lab.rounds(15, 5), run_us(language), run_us("C"))
            figures.append(Figure(f"sum over 256 MiB in {language}", ours, c, "µs", LANGUAGES[language][1], True, "C"))
    if len(answers) != 1:
        raise Failed(f"the languages do not agree: {answers}")
    return figures


def measure_starts(lab: Lab, modules: dict[str, pathlib.Path]) -> list[Figure]:
    figures = []
    files = [lab.example("noop"), *(directory / "noop.wasm" for directory in modules.values())]
    with Program([lab.native / "starts", *files], lab.server_core) as starts:

        def microseconds(*command):
            return lambda: float(starts.ask(*command)) / 1000

        for index, language in enumerate(modules, 1):
            _, _, cold_bar, warm_bar = LANGUAGES[language]
            rounds = 100 if language == "Go" else 3000
            ours, c = take_turns(lab.rounds(11, 5), microseconds("cold", rounds, index), microseconds("cold", 3000, 0))
            figures.append(Figure(f"a no-op in {language}", ours, c, "µs", cold_bar, True, "C"))
            ours, c = take_turns(lab.rounds(11, 5), microseconds("warm", 1000, index), microseconds("cold", 3000, 0))
            figures.append(Figure("the same, of a snapshot", ours, c, "µs", warm_bar, True, "C"))
    return figures


def measure(lab: Lab) -> list[Figure]:
    modules = {}
    for language, (script, *_) in LANGUAGES.items():
        if directory := built(lab, script):
            modules[language] = directory
        else:
            lab.say(f"no figure for {language}: its toolchain is not here; {script} says what is missing")
    return [*measure_sums(lab, modules), *measure_starts(lab, modules)]

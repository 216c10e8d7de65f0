"""The examples in the documentation do what they say."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLANG = shutil.which("clang-14")
LINKER = shutil.which("wasm-ld-14")


def block(page, language, containing):
    """The first fenced block of a page in that language that holds some text."""
    for found in re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.S):
        if containing in found:
            return found
    raise AssertionError(f"{page} has no {language} block with {containing!r}")


def build(source, tmp_path):
    if not CLANG or not LINKER:
        pytest.skip("no clang-14 and wasm-ld-14: tools/setup installs them")
    text = tmp_path / "first.c"
    text.write_text(source)
    subprocess.run([CLANG, "--target=wasm32-unknown-unknown", "-O3", "-nostdlibinc", "-ffreestanding", "-mbulk-memory",
                    f"-I{ROOT}/abi", f"-I{ROOT}/sdk/c", "-c", text, "-o", tmp_path / "first.o"], check=True)
    module = tmp_path / "first.wasm"
    subprocess.run([LINKER, "--no-entry", "--stack-first", "--strip-all", tmp_path / "first.o", "-o", module], check=True)
    return module.read_bytes()


def test_the_first_function_of_the_abi_page_echoes_its_body(server, tmp_path):
    module = build(block("docs/abi.md", "c", "int32_t inlay_handle(void)"), tmp_path)
    assert server.request("PUT", "/v1/functions/first", module).status == 200
    for body in (b"", b"short", os.urandom(100_000)):
        assert server.request("POST", "/f/first", body).body == body


def test_the_function_of_the_readme_says_hello(server, tmp_path):
    module = build(block("README.md", "c", "INLAY_FUNCTION"), tmp_path)
    assert server.request("PUT", "/v1/functions/hello", module).status == 200
    assert server.request("GET", "/f/hello").body == b"hello\n"


def test_the_function_of_the_page_on_calls_counts_both_halves(server, tmp_path):
    server.deploy_example("wc")
    module = build(block("docs/calls.md", "c", "inlay_spawn"), tmp_path)
    assert server.request("PUT", "/v1/functions/halves", module).status == 200
    body = b"one two\nthree fo" + b"ur five six\nseven"
    assert server.request("POST", "/f/halves", body).body == b'{"lines":1,"words":4,"bytes":16}\n{"lines":1,"words":4,"bytes":17}\n'


def run_script(script, server_url):
    """Runs steps of the README in a shell; gives what they print."""
    binary, examples = os.environ.get("INLAY_BIN"), os.environ.get("INLAY_EXAMPLES")
    if not binary or not examples:
        pytest.skip("INLAY_BIN and INLAY_EXAMPLES are not set: tools/test sets them")
    script = script.replace("http://127.0.0.1:8080", server_url).replace("build/release/examples", examples)
    path = f"{pathlib.Path(binary).parent}:{os.environ['PATH']}"
    # No pipefail, as in anybody's shell: `head` closes its pipe early, and what writes into it may end by SIGPIPE.
    done = subprocess.run(["bash", "-eu", "-c", script], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "INLAY_SERVER": server_url, "PATH": path})
    assert done.returncode == 0, done.stderr
    return done


def test_the_tour_of_the_readme_runs_as_it_stands(server):
    steps = block("README.md", "sh", "inlay serve").splitlines()
    done = run_script("\n".join(step for step in steps if not step.startswith("build/release/inlay serve")), server.url)
    assert done.stdout.count('{"lines":') == 2
    assert "# INLAY\n" in done.stdout


def test_the_readme_runs_functions_without_a_server(tmp_path):
    script = block("README.md", "sh", "inlay run").replace("/tmp/inlay-out", str(tmp_path))
    done = run_script(script, "http://127.0.0.1:1")
    assert done.stdout.count('{"lines":') == 1 and done.stdout.count("# INLAY\n") == 2
    assert done.stderr.startswith("cost: mapped ") and done.stderr.count("\n") == 1

"""docs/abi.md says of the guest's contract what abi/inlay.h says: functions, errors, constants, structures."""

import os
import pathlib
import re
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = (ROOT / "abi" / "inlay.h").read_text()
DOC = (ROOT / "docs" / "abi.md").read_text()

# A comment, then the declaration it belongs to.
FUNCTION = re.compile(
    r"/\*(?P<comment>(?:(?!\*/).)*)\*/\s*"
    r"INLAY_IMPORT\((?P<name>\w+)\)\s+int32_t\s+(?P<symbol>\w+)\((?P<parameters>[^)]*)\)\s*;",
    re.S,
)
FUNCTIONS = {match["name"]: match for match in FUNCTION.finditer(HEADER)}
CONSTANTS = {name: int(value) for name, value in re.findall(r"\b(INLAY_[A-Z_]+) = (-?\d+)", HEADER)}
STRUCTS = re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", HEADER, re.S)


def wasm_type(c_parameter):
    """The Wasm type of a C parameter on wasm32: pointers and 32-bit integers are i32."""
    return "i64" if "64_t" in c_parameter and "*" not in c_parameter else "i32"


def error_names(text):
    """The names in the list that begins with "Errors:", without the remarks in parentheses."""
    found = re.search(r"Errors:((?:[^.(]|\([^)]*\))*)\.", text)
    assert found, f"no list of errors in: {text[:80]}"
    return set(re.findall(r"[A-Z][A-Z_]+", re.sub(r"\([^)]*\)", "", found[1])))


def doc_sections():
    """Function name -> the text below its heading."""
    parts = re.split(r"^### `(\w+)`$", DOC, flags=re.M)
    return {name: re.split(r"^#", text, flags=re.M)[0] for name, text in zip(parts[1::2], parts[2::2])}


def test_header_is_understood():
    assert len(FUNCTIONS) == HEADER.count("INLAY_IMPORT(") - HEADER.count("#define INLAY_IMPORT(") > 0
    assert all(match["symbol"] == "inlay_" + name for name, match in FUNCTIONS.items())
    assert len(STRUCTS) == HEADER.count("typedef struct") > 0


def test_functions_are_the_same():
    assert doc_sections().keys() == FUNCTIONS.keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_import_has_the_signature_of_the_declaration(name):
    wanted = [wasm_type(parameter) for parameter in FUNCTIONS[name]["parameters"].split(",")]
    names = [re.search(r"\w+$", parameter)[0] for parameter in FUNCTIONS[name]["parameters"].split(",")]
    stated = re.search(r'\(import "inlay" "(\w+)" \(func(.*?)\(result i32\)\)\)', doc_sections()[name], re.S)
    assert stated and stated[1] == name
    assert re.findall(r"\(param \$(\w+) (\w+)\)", stated[2]) == list(zip(names, wanted))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_has_the_errors_of_the_declaration(name):
    assert error_names(doc_sections()[name]) == error_names(FUNCTIONS[name]["comment"])


def test_constants_are_the_same():
    stated = set(re.findall(r"\bINLAY_(?:E|PART|MAP|LOG|CLOCK|ENDING)_[A-Z_]+", DOC))
    assert stated == CONSTANTS.keys()


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant_has_the_value_of_the_header(name):
    assert re.search(rf"(?<![-\d]){CONSTANTS[name]}[ |]+`{name}`", DOC)


def test_version_is_the_same():
    version = re.search(r"#define INLAY_ABI_VERSION (\d+)", HEADER)[1]
    assert re.search(rf"^ABI version {version}\.", DOC, re.M)


def test_structures_have_the_layout_the_compiler_gives(tmp_path):
    """The header's fields have fixed widths, so the build machine's layout is that of wasm32."""
    lines = []
    for name, body in STRUCTS:
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        for field in re.findall(r"(\w+);", body):
            member = f"(({name}*)0)->{field}"
            lines.append(f'printf("%zu %zu {field}\\n", offsetof({name}, {field}), sizeof({member}));')
    source = tmp_path / "layout.c"
    source.write_text(
        '#include <stddef.h>\n#include <stdio.h>\n#include "inlay.h"\nint main(void) {\n' + "\n".join(lines) + "\n}\n"
    )
    program = tmp_path / "layout"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run([*compiler, "-I", ROOT / "abi", source, "-o", program], check=True)
    compiled = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()

    stated = []
    for line in DOC.splitlines():
        if title := re.match(r"`(\w+)`, (\d+) bytes", line):
            stated.append(f"{title[1]} {title[2]}")
        elif field := re.match(r"\| (\d+) \| (\d+) \| `(\w+)` \|", line):
            stated.append(f"{field[1]} {field[2]} {field[3]}")
    assert stated == compiled

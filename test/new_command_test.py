"""`inlay new`: from nothing to a served answer in each language, with the language's own tools."""

import json
import subprocess
import time

import pytest

from developing import Dev
from projects import SOURCES, failed_early, inlay, missing, skip_without_packages, with_trap
from serving import ROOT

LANGUAGES = ["c", "cpp", "rust", "go", "ts"]
MINUTE = 60.0
# What runs the unit tests of a new project, natively.
UNIT_TESTS = {"c": ["make", "test"], "cpp": ["make", "test"], "rust": ["cargo", "test", "--offline"], "go": ["go", "test", "./..."], "ts": ["npm", "test"]}


def new(place, name, lang):
    reason = missing(lang)
    if reason:
        pytest.skip(reason)
    made = inlay("new", name, "--lang", lang, "--in", place)
    assert made.returncode == 0, made
    return place / name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_minute_is_enough_from_nothing_to_a_served_answer(place, lang, tell):
    begun = time.monotonic()
    directory = new(place, "counts", lang)
    with Dev(directory) as dev:
        if failed_early(dev):
            skip_without_packages(lang, directory)
        dev.await_event("deployed")
        assert dev.ask(b"one\ntwo\n") == (200, b'{"lines":2,"bytes":8}'), dev.errors
        took = time.monotonic() - begun
        assert dev.ask(b"x\n" * 500_000) == (200, b'{"lines":500000,"bytes":1000000}')
        assert dev.end() == 0
    tell(f"{lang}: {took:.1f} s")
    assert took < MINUTE


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_new_project_passes_its_cases_and_its_unit_tests(place, lang):
    """Also in a directory that shells would take apart."""
    (place / "it's here").mkdir()
    directory = new(place / "it's here", "My.fn-2", lang)
    ended = inlay("test", directory, "--json")
    if ended.returncode != 0:
        skip_without_packages(lang, directory)
    assert ended.returncode == 0, ended
    assert json.loads(ended.stdout)["passed"] >= 4
    tested = subprocess.run(UNIT_TESTS[lang], cwd=directory, capture_output=True, text=True, timeout=170)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    # And they can fail: the function counts something else.
    source = directory / SOURCES[lang]
    text = source.read_text()
    for newline, other in (("'\\n'", "'\\r'"), ('byte("\\n")', 'byte("\\r")'), ("0x0a", "0x0d")):
        text = text.replace(newline, other)
    source.write_text(text)
    assert subprocess.run(UNIT_TESTS[lang], cwd=directory, capture_output=True, timeout=170).returncode != 0
    broken = json.loads(inlay("test", directory, "--json").stdout)
    assert broken["failed"] >= 1 and broken["passed"] >= 1, broken
    # A trap is told with its place in the source.
    trapping, at = with_trap(lang, text)
    source.write_text(trapping)
    trapped = json.loads(inlay("test", directory, "--json", "--case", "lines and bytes of the body").stdout)["cases"][0]
    assert at.search(json.dumps([trapped["differences"], trapped["log"]])), trapped


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_project_stands_alone(place, lang):
    """Nothing in it names this tree, and its documents name nothing that is not there."""
    made = inlay("new", "alone", "--lang", lang, "--in", place, "--json")
    document = json.loads(made.stdout)
    assert document["name"] == "alone" and document["lang"] == lang
    written = sorted(path.relative_to(place / "alone").as_posix() for path in (place / "alone").rglob("*") if path.is_file())
    assert written == sorted(document["files"]) and "inlay.toml" in written and "README.md" in written
    assert sum((place / "alone" / path).stat().st_size for path in written) < 400_000
    for path in written:
        text = (place / "alone" / path).read_text()
        assert str(ROOT) not in text and "{{name}}" not in text and "{{package}}" not in text, path


def test_nothing_is_written_over(place):
    (place / "empty").mkdir()
    assert inlay("new", "empty", "--lang", "c", "--in", place).returncode == 0, "an empty directory may be there"
    (place / "full").mkdir()
    (place / "full/mine").write_text("x")
    (place / "file").write_text("x")
    (place / "link").symlink_to(place / "nowhere")
    for name, words in (("full", "is not empty"), ("empty", "is not empty"), ("file", "there is something"), ("link", "there is something")):
        ended = inlay("new", name, "--lang", "c", "--in", place)
        assert ended.returncode == 2 and words in ended.stderr and "--in DIR" in ended.stderr, ended
    assert [path.name for path in (place / "full").iterdir()] == ["mine"] and not (place / "nowhere").exists()


@pytest.mark.parametrize("name", ["", "a/b", "..", ".", "a b", "ä", "x" * 256, "-x y"])
def test_names_of_functions_are_names_of_projects(place, name):
    ended = inlay("new", "--lang", "c", "--in", place, "--", name)
    assert ended.returncode == 2 and list(place.iterdir()) == [], ended


def test_languages_without_a_template_are_named(place):
    ended = inlay("new", "f", "--lang", "cobol", "--in", place)
    assert ended.returncode == 2 and "c, cpp, rust, go, ts" in ended.stderr
    assert inlay("new", "f", "--in", place).returncode == 2


def test_a_place_that_cannot_be_written_is_named(place):
    (place / "file").write_text("x")
    ended = inlay("new", "f", "--lang", "c", "--in", place / "file")
    assert ended.returncode in (1, 2) and "file" in ended.stderr, ended

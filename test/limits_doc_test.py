"""The page of limits says what the code says."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def test_the_page_of_limits_is_made_from_the_table_in_the_code():
    subprocess.run([ROOT / "tools/limits", "--check"], check=True)

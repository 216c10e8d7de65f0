"""Each SDK that is a package has the version 0.ABI.x: the second number is the contract's, so that a change of it shows in a dependency."""

import json
import re
import tomllib

import pytest

from guests import HEADER
from serving import ROOT

ABI = re.search(r"INLAY_ABI_VERSION (\d+)", HEADER)[1]


def of_crate(path):
    return tomllib.loads((ROOT / path).read_text())["package"]["version"]


@pytest.mark.parametrize("path", ["sdk/rust/inlay/Cargo.toml", "sdk/rust/inlay-macros/Cargo.toml", "sdk/assemblyscript/package.json"])
def test_a_package_has_the_contract_s_number(path):
    version = of_crate(path) if path.endswith(".toml") else json.loads((ROOT / path).read_text())["version"]
    assert re.fullmatch(rf"0\.{ABI}\.\d+", version), version

"""Ours and its peers in the same rounds, and the lines of the table that come of it."""

import contextlib

from harness.figure import Figure, take_turns
from peers.installed import Missing


def available(stack: contextlib.ExitStack, servers: dict) -> tuple[dict, dict]:
    """Starts each of {name: start}. Result: the servers, and why the others are missing, by name."""
    here, missing = {}, {}
    for name, start in servers.items():
        try:
            here[name] = stack.enter_context(start())
        except Missing as why:
            missing[name] = str(why)
    return here, missing


def compare(title: str, unit: str, rounds: int, ours, references: dict, bars: dict, missing: dict) -> list[Figure]:
    """One line for each of `bars` (name: at least so many times as much), from rounds in which all take turns."""
    values = take_turns(rounds, ours, *references.values())
    by_name = dict(zip(references, values[1:], strict=True))
    return [Figure(title, values[0], by_name[name], unit, bar, False, name) if name in by_name else
            Figure(title, [], None, unit, bar, False, name, missing[name])
            for name, bar in bars.items()]

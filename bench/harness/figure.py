"""A figure: what was measured of ours and of its reference in paired rounds, and whether it meets its bar."""

import dataclasses
import statistics
import typing


@dataclasses.dataclass
class Figure:
    """`ours` and `reference` hold one value per round. Without a reference the bar is for the value itself."""

    name: str
    ours: list[float]
    reference: list[float] | None
    unit: str
    bar: float | None                           # None: shown for what it tells, without a bar.
    at_most: bool
    reference_name: str = ""
    missing: str = ""                           # Why there is no reference here, though there is a bar; then there are no rounds.

    @property
    def judged(self) -> list[float]:
        """Per round: the ratio to the reference, or the value."""
        if self.reference is None:
            return self.ours
        return [ours / reference for ours, reference in zip(self.ours, self.reference, strict=True)]

    @property
    def met(self) -> bool | None:
        if self.bar is None or self.missing:
            return None
        value = statistics.median(self.judged)
        return value <= self.bar if self.at_most else value >= self.bar

    def as_json(self) -> dict:
        median = None if self.missing else statistics.median(self.judged)
        return {**dataclasses.asdict(self), "judged": self.judged, "median": median, "met": self.met}

    def row(self) -> list[str]:
        sign = "≤" if self.at_most else "≥"
        ratio_bar = "" if self.bar is None else f"{sign} {self.bar:.2f}"
        if self.missing:
            return [self.name, "", f"{self.reference_name}: **missing**, {self.missing}", "", ratio_bar, "unknown"]
        spread = f"{number(statistics.median(self.judged))} [{number(min(self.judged))}-{number(max(self.judged))}]"
        hint = f"{number(statistics.median(self.ours))} {self.unit}"
        if self.reference is None:
            bar = "" if self.bar is None else f"{sign} {number(self.bar)} {self.unit}"
            return [self.name, f"{spread} {self.unit}", "", "", bar, said(self.met)]
        reference = f"{number(statistics.median(self.reference))} {self.unit} ({self.reference_name})"
        return [self.name, hint, reference, spread, ratio_bar, said(self.met)]


def number(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def said(met: bool | None) -> str:
    return {None: "", True: "yes", False: "**no**"}[met]


def table(figures: list[Figure]) -> str:
    head = ["figure", "ours", "reference", "ratio", "bar", "met"]
    rows = [head, ["---"] * len(head), *(figure.row() for figure in figures)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


Measure = typing.Callable[[], float]


def take_turns(rounds: int, *measures: Measure) -> list[list[float]]:
    """One warm-up of each, then in each round all after one another: ours, reference, ours, ... Result: values by measure."""
    for measure in measures:
        measure()
    values: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, taken in zip(measures, values, strict=True):
            taken.append(measure())
    return values

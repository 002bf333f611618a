"""The outcome for people (a table) and for programs (JSON, schema qvtime-eval/1)."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from qvtime.evaluation.curves import Curves
from qvtime.evaluation.measure import Group, Measure
from qvtime.evaluation.mistakes import Mistakes
from qvtime.evaluation.presets import Rules

SCHEMA = "qvtime-eval/1"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `qvtime eval` came to. formats: of the predictions and of the truth; curves: what a
    plot shows, where queries were measured."""

    groups: tuple[Group, ...]
    rules: Rules
    formats: tuple[str, str]
    mistakes: tuple[Mistakes, ...]
    curves: Curves | None = None

    @property
    def lost(self) -> bool:
        """Whether something in a file was left out or changed."""
        return any(one.lost for one in self.mistakes)


def as_text(outcome: Outcome) -> str:
    """A block for each group, a line for each measure, two decimals."""
    return "\n".join(_block(group) for group in outcome.groups)


def _block(group: Group) -> str:
    width = max(len(measure.name) for measure in group.measures)
    lines = [f"{group.name} ({group.count} {group.of})"]
    lines += [f"  {measure.name:<{width}}  {_value(measure)}" for measure in group.measures]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _value(measure: Measure) -> str:
    if measure.value is None:
        return f"{'-':>7}"
    decimals = 2 if measure.unit == "%" else 3
    return f"{measure.value:>7.{decimals}f} {measure.unit}"


def as_json(outcome: Outcome) -> str:
    """One indented document; numbers are as exact as the rules leave them. There is no NaN."""
    rules = {name: value for name, value in asdict(outcome.rules).items() if name != "lengths_s"}
    predictions, truth = outcome.formats
    document = {
        "schema": SCHEMA,
        "rules": rules | {"lengths_s": _lengths(outcome.rules)},
        "formats": {"predictions": predictions, "truth": truth},
        "groups": {group.name: _group(group) for group in outcome.groups},
        "curves": None if outcome.curves is None else asdict(outcome.curves),
        "mistakes": [_mistake(one) for one in outcome.mistakes],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _lengths(rules: Rules) -> dict[str, list[float | None]]:
    return {
        name: [low, None if high == float("inf") else high] for name, low, high in rules.lengths_s
    }


def _group(group: Group) -> dict[str, object]:
    return {
        group.of: group.count,
        "measures": {one.name: {"value": one.value, "unit": one.unit} for one in group.measures},
    }


def _mistake(found: Mistakes) -> dict[str, object]:
    kinds: Sequence[dict[str, object]] = [
        {"says": kind.says, "count": count, "loses": kind.loses, "places": found.places[kind]}
        for kind, count in found.counts.items()
    ]
    return {"file": found.name, "kinds": kinds}

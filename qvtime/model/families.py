"""The prompts that each family of checkpoints was trained or evaluated with, and its answer forms.

Accuracy hangs on them: people who asked in other words measured 22.5 where 54.5 was published
(QwenLM/Qwen3-VL#1696). Times in all of them are seconds with one decimal, as they stand before the
pictures; a model copies, and does not calculate.
"""

import re
from typing import Any

# QwenLM/Qwen3-VL, cookbooks/video_understanding.ipynb, word for word.
DENSE = (
    "Localize a series of activity events in the video, output the start and end timestamp for each"
    " event, and describe each event with sentences. Provide the result in json format with"
    " 'mm:ss.ff' format for time depiction."
)
# TencentARC/TimeLens and lmms-eval's timelens tasks: one span.
ONE_SPAN = (
    "Please find the visual event described by the sentence '{event}', determining its starting and"
    " ending times. The format should be: 'The event happens in <start time> - <end time> seconds'."
)
# The model card of MCG-NJU/TimeLens2: all spans.
ALL_SPANS = (
    'Given the query: "{event}", return ALL time spans (in seconds) where the query is relevant.'
    " Output format MUST be a JSON array of [start, end] pairs."
)
NONE_FOUND = " If it is never relevant, return []."

_QWEN: dict[str, Any] = {
    "dense_form": DENSE,
    "when_form": ALL_SPANS + NONE_FOUND,
    "span_form": "json",
}
FAMILIES: dict[str, dict[str, Any]] = {
    "qwen3-vl": _QWEN,
    "qwen3-vl-thinking": {**_QWEN, "thinks": True},
    "timelens": {**_QWEN, "when_form": ONE_SPAN, "span_form": "sentence"},
    "timelens2": {**_QWEN, "when_form": ALL_SPANS},
}
"""Each family's habits, where they differ from those of qvtime.model.habits."""


def family_of(name: str) -> str | None:
    """The family of a checkpoint by its name on the hub, or its folder's; None for others."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1].casefold()
    if "timelens2" in last:
        return "timelens2"
    if "timelens" in last:
        return "timelens"
    if "qwen3-vl" in last:
        return "qwen3-vl-thinking" if "thinking" in last else "qwen3-vl"
    return None

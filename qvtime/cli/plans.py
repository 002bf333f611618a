"""`--plan`: what a run would read, for people or as JSON lines."""

import json
import os
from pathlib import Path

from qvtime.cli.streams import write_stdout
from qvtime.errors import UsageError
from qvtime.formats.json import path_fields
from qvtime.plain_text import one_line
from qvtime.report import Setting
from qvtime.tasks.preview import Preview
from qvtime.timestamps import format_time

GIGABYTE = 10**9


def plan_as_json(format_name: str | None, output: str | Path | None) -> bool:
    """Whether plans are printed as JSON. UsageError for a format that is neither that nor text,
    and for a file: plans are printed."""
    if output is not None and str(output) != "-":
        raise UsageError(f"--plan is printed, not written to {output}", "leave -o out, or use >")
    if format_name not in (None, "text", "json", "jsonl"):
        raise UsageError(f"a plan cannot be printed as {format_name}", "use text or jsonl")
    return format_name in ("json", "jsonl")


def print_plan(path: str, preview: Preview, as_json: bool, question: str | None = None) -> None:
    """Print the plan for a video, and for a question where there is one."""
    write_stdout((_json if as_json else _text)(path, preview, question))


def _text(path: str, preview: Preview, question: str | None) -> str:
    """For people, a line each."""
    plan, machine, settings = preview.plan, preview.machine, preview.settings()
    span, (width_px, height_px) = preview.span, preview.size_px
    shared = f", {preview.overlap_ms / 1000:g} s shared" if preview.overlap_ms else ""
    apart = f", {plan.step_ms / 1000:g} s apart" if plan.skims else ""
    asked = f', "{one_line(question)}"' if question is not None else ""
    edges = f", edges {plan.finest_ms / 1000:g} s" if plan.finer_ms else ""
    context = settings["context_tokens"]
    of = "" if context is None else f" of {context}"
    lines = [
        f"{one_line(os.fsencode(path).decode('utf-8', 'backslashreplace'))}: "
        f"{format_time(span.start_ms)} - {format_time(span.end_ms)}{asked}",
        f"  windows      {len(plan.windows)} of {preview.window_ms / 1000:g} s{shared}",
        f"  pictures     {settings['frames_per_window']} a window,"
        f" {width_px}x{height_px} px{apart}",
        f"  tokens       {preview.tokens_per_window}{of} a window,"
        f" {settings['tokens_per_patch']} a patch, {preview.tokens} in all",
        f"  granularity  {plan.granularity_ms / 1000:g} s{edges}",
    ]
    if preview.skipped_ms:
        lines.append(
            f"  left out     {format_time(preview.skipped_ms)}, where the index says that it is"
            " unlikely"
        )
    if machine.weight_bytes is not None and preview.window_bytes is not None:
        lines.append(
            f"  memory       about {_size(machine.weight_bytes)} of weights and"
            f" {_size(preview.window_bytes)} a window ({_size(preview.kv_bytes)} keys"
            f" and values); beside the weights {_size(machine.free_bytes)} free on"
            f" {machine.device}"
        )
    if preview.seconds is not None:
        lines.append(f"  time         about {_duration(preview.seconds)} on {machine.device}")
    if machine.short is not None:
        lines.append(f"  {machine.short}")
    return "".join(f"{line}\n" for line in lines)


def _size(count: int | None) -> str:
    if count is None:
        return "?"
    return f"{count / 1e9:.1f} GB" if count >= GIGABYTE else f"{count / 1e6:.1f} MB"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _json(path: str, preview: Preview, question: str | None) -> str:
    span = {"start_ms": preview.span.start_ms, "end_ms": preview.span.end_ms}
    asked: dict[str, Setting] = {} if question is None else {"question": question}
    return json.dumps(path_fields(path) | asked | span | preview.settings()) + "\n"

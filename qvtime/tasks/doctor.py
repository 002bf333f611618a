"""What this machine can run, what a run would choose on it, and why."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qvtime.errors import ModelError
from qvtime.model.catalogue import KNOWN_MODELS, KnownModel, known_model
from qvtime.settings import DEMO_MODEL, Settings

if TYPE_CHECKING:  # torch is slow to import
    from qvtime.model.fitted import Fitted
    from qvtime.model.machine import Machine
    from qvtime.model.outline import Outline

SCHEMA = "qvtime-doctor/1"

State = Literal["ok", "note", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. bad: a run with these settings would fail."""

    what: str
    state: State
    says: str


@dataclass(frozen=True, slots=True)
class Examination:
    """A machine, the libraries that decode on it, and what was found."""

    machine: "Machine"
    decoders: dict[str, str]
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Whether a run with these settings would start."""
        return all(finding.state != "bad" for finding in self.findings)


def examine(settings: Settings) -> Examination:
    """What would become of a run with these settings. Loads no model, asks no network."""
    from qvtime.model.machine import look_around
    from qvtime.video.libraries import library_versions

    machine = look_around()
    decoders = library_versions()
    findings = (
        Finding("video", "ok", f"decoded by PyAV, with FFmpeg {decoders['ffmpeg']}"),
        _device(settings, machine),
        _kernels(settings, machine),
        *_model(settings, machine),
        _choice(settings, machine),
    )
    return Examination(machine, decoders, findings)


def _place(settings: Settings, machine: "Machine") -> str:
    if settings.device != "auto":
        return settings.device
    return "cuda" if machine.gpus else "cpu"


def _device(settings: Settings, machine: "Machine") -> Finding:
    place = _place(settings, machine)
    room = machine.room_bytes(place)
    free = "" if room is None else f", {room / 1e9:.1f} GB of memory free"
    if place != "cpu":
        if room is None:
            return Finding("device", "bad", f"this machine has no {place}")
        gpu = next(one for one in machine.gpus if one.device in (place, "cuda:0"))
        return Finding("device", "ok", f"{place}: {gpu.name}{free}")
    cores = f"{machine.cores} core{'s'[: machine.cores > 1]}"
    slow = "" if machine.cpu_bfloat16 else ", slow with bfloat16"
    says = f"cpu, {cores}{slow}{free}"
    if settings.device == "cpu":
        return Finding("device", "ok", says)
    if machine.torch_cuda is None:
        return Finding("device", "note", f"{says}: this torch is built without CUDA")
    return Finding("device", "note", f"{says}: torch finds no CUDA device")


def _kernels(settings: Settings, machine: "Machine") -> Finding:
    if settings.kernels == "reference":
        return Finding("kernels", "ok", "torch's own operations, as chosen")
    if _place(settings, machine) == "cpu":
        forced = settings.kernels != "auto"
        says = "torch's own operations: the kernels are for GPUs"
        return Finding("kernels", "bad" if forced else "ok", says)
    if machine.no_kernels is None:
        return Finding("kernels", "ok", "CUDA kernels, compiled by CuPy on first use")
    forced = settings.kernels != "auto"
    return Finding("kernels", "bad" if forced else "note", f"none: {machine.no_kernels}")


def _model(settings: Settings, machine: "Machine") -> list[Finding]:
    from qvtime.model.hub import find_copy, find_model
    from qvtime.model.outline import outline_of

    name = settings.model
    known = known_model(name)
    on_hub = "/" in name and not Path(name).is_dir()
    try:
        found = find_copy(name) if on_hub else find_model(name)
    except ModelError as error:
        return [Finding("model", "bad", error.message)]
    if found is not None:
        here = Finding("model", "ok", f"{name} is on this machine")
        outline = outline_of(found.name, found.checkpoint.config, found.checkpoint.size_bytes)
    else:
        how = f"qvtime models get {name}"
        here = Finding("model", "bad", f"{name} is not on this machine; fetch it: {how}")
        if known is None:
            return [here]
        outline = outline_of(known.name, known.config)
    fitted = _fitted(outline, settings, machine)
    return [here] if fitted is None else [here, _memory(fitted)]


def _fitted(outline: "Outline", settings: Settings, machine: "Machine") -> "Fitted | None":
    """How the model would run here; None where its shape or the memory is not known."""
    from qvtime.model.fitted import fit_memory

    place = _place(settings, machine)
    room = machine.room_bytes(place)
    if outline.shape is None or room is None:
        return None
    return fit_memory(outline, outline.shape, settings, place, room)


def _memory(fitted: "Fitted") -> Finding:
    """What would be read at once, and what that takes."""
    if not fitted.fits:
        return Finding("memory", "bad", str(fitted.short))
    need = (fitted.weight_bytes + fitted.window_bytes) / 1e9
    says = (
        f"about {need:.1f} GB for {fitted.habits.window_patches} temporal patches at once"
        f" ({fitted.window_tokens} tokens)"
    )
    if fitted.short is None:
        return Finding("memory", "ok", says)
    return Finding("memory", "note", f"{says}; {fitted.short}")


def _choice(settings: Settings, machine: "Machine") -> Finding:
    """The best published model that fits with all that it reads best at once."""
    from qvtime.model.outline import outline_of

    def fits_whole(model: KnownModel) -> bool:
        plain = replace(settings, model=model.name)
        fitted = _fitted(outline_of(model.name, model.config), plain, machine)
        return fitted is not None and fitted.short is None

    place = _place(settings, machine)
    fits = [
        model
        for model in KNOWN_MODELS
        if model.published
        and model.published[0].benchmark == "Charades-STA"
        and model.name.endswith("-Instruct")
        and fits_whole(model)
    ]
    if not fits:
        return Finding("choice", "note", f"only `--model {DEMO_MODEL}` surely fits on {place}")
    best = max(fits, key=lambda model: model.published[0].miou)
    slow = ", slowly" if place == "cpu" else ""
    return Finding(
        "choice",
        "ok",
        f"{best.name} is the best of those that fit on {place}{slow}"
        f" ({best.published[0].miou} mIoU on Charades-STA, published)",
    )


_MARKS: dict[State, str] = {"ok": "ok  ", "note": "note", "bad": "BAD "}


def as_text(examination: Examination) -> str:
    """Findings, then versions."""
    lines = [f"{_MARKS[one.state]}  {one.what:<8}{one.says}" for one in examination.findings]
    held = {**examination.machine.versions, **examination.decoders}
    versions = ", ".join(f"{name} {version}" for name, version in held.items() if version)
    lines += [
        "",
        f"Python {examination.machine.python} on {examination.machine.system}; {versions}",
    ]
    return "".join(f"{line}\n" for line in lines)


def as_json(examination: Examination) -> str:
    """All of it as one object."""
    document = {"schema": SCHEMA, "well": examination.well, **asdict(examination)}
    return json.dumps(document, indent=2) + "\n"

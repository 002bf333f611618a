"""What each inference engine understands beyond the OpenAI protocol.

vLLM: https://docs.vllm.ai/en/latest/serving/openai_compatible_server (structured_outputs,
continue_final_message, media_io_kwargs with frames_indices since vllm-project/vllm#40133, media by
uuid). SGLang: sgl-project/sglang, srt/entrypoints/openai/protocol.py. llama.cpp: tools/server,
which continues a last message of the assistant by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qvtime.settings import FramesAs

OPEN_ENDED = {"continue_final_message": True, "add_generation_prompt": False}


@dataclass(frozen=True, slots=True)
class Dialect:
    """An engine, known by what it says owns its models.

    frames: how it takes pictures with true times: as one video with the time of each, or as
    images between their times; pattern_at: where a request names the pattern that an answer has
    to follow, () for nowhere; unfinished: what a request has to say so that the last message is
    gone on with, None where that cannot be had.
    """

    engine: str
    frames: FramesAs = "images"
    pattern_at: tuple[str, ...] = ()
    unfinished: Mapping[str, Any] | None = None

    def constraint(self, pattern: str) -> dict[str, Any]:
        """The part of a request that says what an answer must look like; {} where none can."""
        value: Any = pattern
        for name in reversed(self.pattern_at):
            value = {name: value}
        return value if self.pattern_at else {}


_KNOWN = {
    "vllm": Dialect("vllm", "video", ("structured_outputs", "regex"), OPEN_ENDED),
    "sglang": Dialect("sglang", "images", ("regex",), {"continue_final_message": True}),
    "llamacpp": Dialect("llamacpp", unfinished={}),
}


def dialect_of(owner: object) -> Dialect:
    """The dialect of the engine whose models say they are owned by `owner`."""
    return _KNOWN.get(str(owner).casefold(), Dialect(f"unknown ({str(owner)[:40]})"))

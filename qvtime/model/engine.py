"""Looking at pictures and answering questions about them: the model room's front door.

with Engine(load_model("demo")) as engine, engine.look(frames, centres_ms) as look:
    look.ask("what happens at <168.0 seconds>?")
    look.ask("list all events with their times")      # costs only its own words
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from math import exp

import torch

from qvtime.answer_thinking import split_reasoning
from qvtime.closing import Closing
from qvtime.errors import ModelError, OutOfMemory
from qvtime.frames import FRAMES_PER_PATCH, FrameBatch
from qvtime.model.decoding import choose_decoding
from qvtime.model.fit import Room, Wishes, fit
from qvtime.model.generate import NeverSay, generate
from qvtime.model.ground import TimeSpeller
from qvtime.model.habits import THINKING_TOKENS, Habits
from qvtime.model.machine import free_memory
from qvtime.model.memory import out_of_memory_is
from qvtime.model.occurrences import ANSWER_TOKENS
from qvtime.model.outline import Outline
from qvtime.model.prefix import VideoPrefix, prefill
from qvtime.model.prompt import (
    THINK_CLOSE,
    THINK_OPEN,
    encode_control,
    encode_question,
    encode_video,
)
from qvtime.model.reply import Occurrences, Reply
from qvtime.model.shape import shape_of
from qvtime.model.span_forms import SPAN_FORMS
from qvtime.model.spans import find_occurrences
from qvtime.model.vision import VideoFeatures, video_features
from qvtime.model.weights import LoadedModel
from qvtime.report import Setting

MAX_NEW_TOKENS = 256

_SMALLER = "Look at a shorter window, at a coarser granularity, or with a smaller model."


class Look(Closing):
    """A window of a video that the model has read. A context; closing it frees its memory.

    centres_ms: its temporal patches; video_tokens: their tokens; vision_ms, prefill_ms: what
    reading it took.
    """

    def __init__(
        self,
        engine: "Engine",
        features: VideoFeatures,
        centres_ms: Sequence[int],
        vision_ms: float,
        subtitles: Sequence[str] = (),
    ) -> None:
        started = time.perf_counter()
        loaded = engine.loaded
        ids = encode_video(loaded.tokenizer, centres_ms, features.grid.tokens_per_time, subtitles)
        _check_length(loaded, len(ids))
        with engine.holding(len(centres_ms)), torch.inference_mode():
            self._prefix: VideoPrefix | None = prefill(
                loaded.model, ids, features, loaded.control.video_pad, loaded.kernels
            )
        self._engine = engine
        self.centres_ms = tuple(centres_ms)
        self.video_tokens = len(ids)
        self.vision_ms = vision_ms
        self.prefill_ms = 1000 * (time.perf_counter() - started)

    def ask(
        self,
        question: str,
        max_new_tokens: int = MAX_NEW_TOKENS,
        times_ms: Iterable[int] | None = None,
    ) -> Reply:
        """The answer to `question`, whose times are written `<168.0 seconds>`.

        Only `times_ms` (default: the centres of the patches) can be said within `<time>` tags.
        Raises OutOfMemory, ModelError when the words do not fit, ValueError once closed.
        """
        if self._prefix is None:
            raise ValueError("this look is closed")
        loaded = self._engine.loaded
        tail = encode_question(loaded.tokenizer, question)
        asked = len(tail)
        thinking = THINKING_TOKENS if loaded.habits.thinks else 0
        _check_length(loaded, self.video_tokens + len(tail) + thinking + max_new_tokens)
        times = self._engine.speller.constraint(self.centres_ms if times_ms is None else times_ms)
        with self._engine.holding(len(self.centres_ms)), torch.inference_mode():
            thought = self._think(tail, self._prefix) if loaded.habits.thinks else []
            tail += thought
            said = generate(
                self._prefix,
                tail,
                self._engine.stop_ids,
                max_new_tokens,
                (self._engine.never_say, times),
            )
        probabilities = [exp(value) for value in said.log_probabilities]
        return Reply(
            text=loaded.tokenizer.decode(said.token_ids, clean_up_tokenization_spaces=False),
            token_ids=said.token_ids,
            log_probabilities=said.log_probabilities,
            score=sum(probabilities) / len(probabilities) if probabilities else 0.0,
            finish_reason=said.finish_reason,
            question_tokens=asked,
            reasoning=split_reasoning(loaded.tokenizer.decode(thought))[0],
        )

    def _think(self, tail: Sequence[int], prefix: VideoPrefix) -> list[int]:
        """The ids of a thought, opened and closed; one that takes too long is closed for it."""
        loaded = self._engine.loaded
        opened = encode_control(loaded.tokenizer, THINK_OPEN)
        closed = encode_control(loaded.tokenizer, THINK_CLOSE)
        ends = self._engine.stop_ids | {loaded.tokenizer.convert_tokens_to_ids("</think>")}
        said = generate(prefix, [*tail, *opened], ends, THINKING_TOKENS, (self._engine.never_say,))
        return [*opened, *said.token_ids, *closed]

    def spans(self, event: str) -> Occurrences:
        """When `event` happens, scored by the model's own probabilities.

        Times are the centres of the patches. Raises as `ask` does.
        """
        if self._prefix is None:
            raise ValueError("this look is closed")
        loaded = self._engine.loaded
        tail = encode_question(loaded.tokenizer, loaded.habits.ask_when(event))
        if loaded.habits.thinks:  # the answer's own probabilities: no thought comes before it
            tail += encode_control(loaded.tokenizer, THINK_OPEN + THINK_CLOSE)
        _check_length(loaded, self.video_tokens + len(tail) + ANSWER_TOKENS)
        with self._engine.holding(len(self.centres_ms)), torch.inference_mode():
            form = SPAN_FORMS[loaded.habits.span_form]
            times_ms = tuple(dict.fromkeys(self.centres_ms))  # a moment may be shown twice
            return find_occurrences(self._prefix, loaded.tokenizer, tail, times_ms, form)

    def close(self) -> None:
        """Forget the video."""
        self._prefix = None


class Engine(Closing):
    """A loaded model that looks at pictures: the backend of this process. A context.

    Greedy, so the same gives the same. One window at a time: its work is this machine's. `habits`
    say how much it reads at once: what fits into the memory that is free now (qvtime.model.fit),
    and half of what was tried once that ran out. UsageError for wishes it cannot meet.
    """

    def __init__(self, loaded: LoadedModel, wishes: Wishes | None = None) -> None:
        self.loaded = loaded
        shape = shape_of(loaded.model.config.to_dict())
        room = Room(free_memory(loaded.device), loaded.device, loaded.dtype.itemsize)
        self._habits, self._short = fit(loaded.name, loaded.habits, shape, wishes or Wishes(), room)
        self._is_short = self._short is not None
        self.speller = TimeSpeller(loaded.tokenizer)
        control = loaded.control
        self.stop_ids = frozenset((control.im_end, control.end_of_text))
        self.never_say = NeverSay(set(loaded.tokenizer.all_special_ids) - self.stop_ids)

    @property
    def name(self) -> str:
        return self.loaded.name

    @property
    def habits(self) -> Habits:
        return self._habits

    @property
    def outline(self) -> Outline:
        """What the model reads, for plans."""
        return Outline(self.loaded.name, self._habits, self.loaded.tokenizer)

    @property
    def note(self) -> str | None:
        """Why a GPU goes without its kernels, and less is read at once, if that is so."""
        notes = [note for note in (kernel_note(self.loaded), self._short) if note is not None]
        return "; ".join(notes) or None

    def settings(self) -> dict[str, Setting]:
        """Where and with what answers are made, as reports have it."""
        return {
            "device": self.loaded.device,
            "kernels": self.loaded.kernels.described,
            "forward_pass": choose_decoding(self.loaded.model, self.loaded.kernels).described,
            "revision": self.loaded.revision,
            **({"patches_at_once": self._habits.window_patches} if self._is_short else {}),
        }

    @contextmanager
    def holding(self, patches: int) -> Iterator[None]:
        """Work on a window of so many patches.

        OutOfMemory, after which half is read at once, and no moment is shown twice.
        """
        try:
            with _memory(self.loaded):
                yield
        except OutOfMemory:
            if patches > 1:
                self._habits = replace(
                    self._habits,
                    window_patches=min(patches // 2, self._habits.window_patches),
                    closer_moments=False,
                )
                self._is_short = True
            raise

    def encode(self, frames: FrameBatch) -> VideoFeatures:
        """What the vision tower sees in pictures whose sides are multiples of 32 px."""
        with self.holding(len(frames.pixels) // FRAMES_PER_PATCH), torch.inference_mode():
            return video_features(self.loaded.model, frames.pixels, kernels=self.loaded.kernels)

    def look(
        self, frames: FrameBatch, centres_ms: Sequence[int], subtitles: Sequence[str] = ()
    ) -> Look:
        """Read a window: two pictures for every temporal patch, each patch centred at its time.

        subtitles: what is said at each patch, "" for nothing; empty when there are none. Raises
        OutOfMemory, ModelError when the window is longer than the model's context.
        """
        started = time.perf_counter()
        features = self.encode(frames)
        vision_ms = 1000 * (time.perf_counter() - started)
        return self.look_at(features, centres_ms, vision_ms, subtitles)

    def look_at(
        self,
        features: VideoFeatures,
        centres_ms: Sequence[int],
        vision_ms: float = 0.0,
        subtitles: Sequence[str] = (),
    ) -> Look:
        """Read a window whose pictures went through the vision tower before."""
        if len(centres_ms) != features.grid.times:
            raise ValueError(
                f"{len(centres_ms)} times for {features.grid.times} patches of "
                f"{FRAMES_PER_PATCH} pictures"
            )
        if subtitles and len(subtitles) != len(centres_ms):
            raise ValueError(f"{len(subtitles)} subtitles for {len(centres_ms)} patches")
        return Look(self, features, centres_ms, vision_ms, subtitles)

    def close(self) -> None:
        """Give the GPU's spare memory back."""
        if self.loaded.device.startswith("cuda"):
            torch.cuda.empty_cache()


def kernel_note(loaded: LoadedModel) -> str | None:
    """One sentence on why a GPU goes without its kernels; None when it does not."""
    note = loaded.kernels.note
    if note is None:
        return None
    return f"the CUDA kernels are not used: {note}; choose --kernels reference to not hear it"


def _memory(loaded: LoadedModel) -> AbstractContextManager[None]:
    return out_of_memory_is(
        f"The window does not fit into the memory of this machine's {loaded.device} "
        f"with {loaded.name}.",
        _SMALLER,
    )


def _check_length(loaded: LoadedModel, tokens: int) -> None:
    longest = loaded.model.config.get_text_config().max_position_embeddings
    if tokens > longest:
        raise ModelError(
            f"The window and the question take {tokens} tokens, and {loaded.name} reads {longest}.",
            _SMALLER,
        )

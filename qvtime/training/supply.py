"""Batches of made lessons and glimpses, for ever, by processes beside the one that teaches.

Everything is used once. Seen three times each, lessons were learned by heart: 49 % of the answers
to "what happens at" right while teaching, 26 % on new ones.
"""

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.multiprocessing as multiprocessing

from qvtime.training.batches import Batch, Glimpses, collate, collate_glimpses
from qvtime.training.glimpses import GLIMPSES_PER_CLIP, close_granularity_ms, make_glimpse
from qvtime.training.lessons import make_lesson
from qvtime.training.tokenizer import build_tokenizer
from qvtime.training.wording import corpus

GRANULARITIES_MS, GRANULARITY_SHARES = (500, 1000, 100), (0.76, 0.12, 0.12)
CLOSE_GLIMPSES_SHARE = 0.4
"""How many glimpses are as close as that at a moment that is asked about."""
LENGTH_SHARES = (0.15, 0.35, 0.5)
"""How many lessons are of windows a third, two thirds and all of the most patches long."""


@dataclass(frozen=True, slots=True)
class Supply:
    """How things are made: `workers` processes for each kind of them, for a model on `device`.

    seed: other seeds give other things; longest: patches of a lesson at most.
    """

    seed: int
    workers: int
    longest: int
    device: str

    def lessons(self, patches: int, tokenizer: Any) -> Iterator[Batch]:
        """Batches of so many patches each: short lessons come in larger batches."""
        token = tokenizer.convert_tokens_to_ids
        controls = token(["<|endoftext|>", "<|video_pad|>", "<|vision_end|>"])
        return self._made(_make_lessons, 0, patches, lambda some: collate(some, *controls))

    def glimpses(self, patches: int) -> Iterator[Glimpses]:
        """Batches of so many patches each."""
        return self._made(_make_glimpses, GLIMPSES_PER_CLIP, patches, collate_glimpses)

    def _made(
        self, maker: Callable[..., None], each: int, most: int, gather: Callable[[list[Any]], Any]
    ) -> Iterator[Any]:
        """Batches of `most` patches; `each`: patches of one thing (0: its key)."""
        context: Any = multiprocessing.get_context("fork" if self.device == "cpu" else "spawn")
        made: Any = context.Queue(4 * most // (each or self.longest))
        for worker in range(self.workers):
            seed = 1_000_003 * self.seed + worker
            context.Process(target=maker, args=(seed, self.longest, made), daemon=True).start()
        ready: queue.Queue[Any] = queue.Queue(3)

        def shelve() -> None:
            shelves: dict[int, list[Any]] = defaultdict(list)
            while True:
                key, thing = made.get()
                shelves[key].append(thing)
                if len(shelves[key]) * (each or key) >= most:
                    ready.put(gather(shelves.pop(key)))

        threading.Thread(target=shelve, daemon=True).start()
        while True:
            batch = ready.get()
            fields = {name: getattr(batch, name).to(self.device) for name in batch.__slots__}
            yield type(batch)(**fields)


def _make_lessons(seed: int, most: int, out: Any) -> None:
    """A process that makes lessons for ever, of three lengths: `(patches, Lesson)`."""
    torch.set_num_threads(1)
    generator = np.random.default_rng(seed)
    tokenizer = build_tokenizer(corpus())
    while True:
        patches = int(generator.choice([most // 3, 2 * most // 3, most], p=LENGTH_SHARES))
        granularity_ms = int(generator.choice(GRANULARITIES_MS, p=GRANULARITY_SHARES))
        lesson = make_lesson(tokenizer, generator, patches, granularity_ms)
        out.put((len(lesson.times_ms), lesson))


def _make_glimpses(seed: int, most: int, out: Any) -> None:
    """A process that makes glimpses for ever: `(0, Glimpse)`."""
    generator = np.random.default_rng(seed)
    while True:
        granularity_ms = int(generator.choice(GRANULARITIES_MS, p=GRANULARITY_SHARES))
        if generator.random() < CLOSE_GLIMPSES_SHARE:
            granularity_ms = close_granularity_ms(granularity_ms)
        out.put((0, make_glimpse(generator, granularity_ms)))

"""The step of one token at fixed addresses: what a CUDA graph can hold, whole.

A graph replays launches with the pointers and sizes that they were captured with. So the token,
its position and its place are read from one buffer on the device, and its attention goes over all
the room of the memory, with what lies behind the token masked. The room is what a graph is padded
to: it grows by `ROOM_TOKENS`, and then the graph is captured anew.

Not yet run on a GPU. On a CPU the same step runs without a graph: that is what the tests compare.
Capture as in PyTorch's notes on CUDA graphs (https://docs.pytorch.org/docs/stable/notes/cuda.html).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from qvtime.errors import ModelError
from qvtime.model.memory import is_out_of_memory
from qvtime.model.walk import Walker


@dataclass(slots=True)
class FixedRoom:
    """All the room of one layer's memory, [1, kv_heads, room, head_dim]: a Memory for `walk`."""

    keys: torch.Tensor
    values: torch.Tensor

    def make_room(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """All of it: slots say where in it."""
        return self.keys, self.values


class TokenStep:
    """One token on top of what a cache holds, with the same memory every time."""

    def __init__(self, walker: Walker, cache: Any) -> None:
        self._walker = walker
        self._rooms = [FixedRoom(*layer.room) for layer in cache.layers]
        length = self._rooms[0].keys.shape[2]
        self._places = torch.arange(length, device=walker.device)
        self._inputs = torch.zeros(5, dtype=torch.int64, device=walker.device)
        self._graph: Any = None
        self._logits = torch.empty(0)

    def fits(self, cache: Any) -> bool:
        """Whether the cache still has the memory that this step writes to."""
        held = [layer.room[0] for layer in cache.layers]
        return all(mine.keys is keys for mine, keys in zip(self._rooms, held, strict=True))

    def __call__(self, token: int, position: Sequence[int], place: int) -> torch.Tensor:
        """The logits after `token`, float32 [1, vocabulary].

        position: time, height, width; place: how many tokens come before it in the cache. Raises
        ModelError when the step cannot be captured.
        """
        self._inputs.copy_(torch.tensor((token, place, *position)))
        if not self._inputs.is_cuda:
            return self._run()
        if self._graph is None:
            self._capture()
        self._graph.replay()
        return self._logits.clone()  # the next replay writes over it

    def _run(self) -> torch.Tensor:
        token, slot, position = self._inputs[:1], self._inputs[1:2], self._inputs[2:].view(3, 1)
        return self._walker.walk(token, position, self._rooms, self._attend, 1, slot)

    def _attend(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """Attention over all the room, as two products; see walk.Attention.

        Products, since torch's masked attention gives each head of keys to one processor of a GPU,
        and leaves most of them idle. gpt-fast (https://github.com/meta-pytorch/gpt-fast) decodes
        without fused attention, too.
        """
        rows = queries[0, :, :, 0]  # [kv_heads, groups, head_dim]
        scores = _scores(rows, keys[0].transpose(1, 2)) * scale
        scores.masked_fill_(self._places > self._inputs[1], float("-inf"))
        mixed = torch.bmm(scores.softmax(-1).to(values.dtype), values[0])
        return mixed.view(queries.shape)

    def _capture(self) -> None:
        """Record the step for the inputs' addresses. What it warms up with is what comes next."""
        try:
            with torch.cuda.device(self._walker.device):
                cuda: Any = torch.cuda
                side = cuda.Stream()
                side.wait_stream(torch.cuda.current_stream())
                with torch.cuda.stream(side):
                    self._run()  # libraries set themselves up on first use, which no graph can hold
                torch.cuda.current_stream().wait_stream(side)
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                    self._logits = self._run()
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise ModelError(
                f"The step of a token cannot be captured in a CUDA graph: {error}",
                "Use `--kernels reference`, and report this with the name of the GPU.",
            ) from error
        self._graph = graph


def _scores(rows: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """The products of queries and keys, float32; summed so, and not rounded, in half precision."""
    if rows.is_cuda and rows.dtype != torch.float32:
        return torch.bmm(rows, keys, out_dtype=torch.float32)
    return torch.bmm(rows.float(), keys.float())


class StepDecoder:
    """Token by token through a TokenStep, several at once over a Walker (see decoding.Decoder)."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self._step: TokenStep | None = None

    def logits(
        self,
        cache: Any,
        ids: Sequence[int],
        positions: torch.Tensor,
        seen: torch.Tensor | None = None,
        rows: int = 1,
    ) -> torch.Tensor:
        """See decoding.Decoder. A step belongs to one cache: another one begins a new one."""
        if len(ids) > 1 or seen is not None:
            return self._walker.logits(cache, ids, positions, seen, rows)
        place = int(cache.get_seq_length())
        if place == cache.layers[0].room[0].shape[2]:
            self._step = None  # it holds the memory that is about to be copied and let go of
        for layer in cache.layers:
            layer.make_room(layer.keys[..., :1, :])
        if self._step is None or not self._step.fits(cache):
            self._step = TokenStep(self._walker, cache)
        return self._step(ids[0], positions[:, 0].tolist(), place)

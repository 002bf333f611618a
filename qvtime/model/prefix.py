"""A video read once, and asked about many times.

The prompt begins with the video, so its keys and values can be kept: a question costs only its
own tokens, and afterwards the memory is wound back to the end of the video. Positions are always
explicit (see qvtime.model.positions), so two videos never disturb each other.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers.models.qwen3_vl.modeling_qwen3_vl import BaseModelOutputWithDeepstackFeatures

from qvtime.model.cache import roomy_cache, shorten
from qvtime.model.decoding import Decoder, make_decoder
from qvtime.model.pixels import MERGE
from qvtime.model.positions import prefix_positions, tail_positions
from qvtime.model.token_tree import TokenTree
from qvtime.model.vision import VideoFeatures
from qvtime.ops.kernels import REFERENCE, Kernels


class VideoPrefix:
    """The keys and values of a video, and the place where a question begins.

    `add` appends ids and returns the logits of what follows; within `with prefix.question():` it
    starts right after the video, and what was added is forgotten at the end.
    """

    def __init__(self, decoder: Decoder, cache: Any, tokens: int, next_position: int) -> None:
        self.tokens = tokens
        self._decoder = decoder
        self._cache = cache
        self._next_position = next_position

    @property
    def added_tokens(self) -> int:
        """How many tokens follow the video at this moment."""
        return int(self._cache.get_seq_length()) - self.tokens

    @contextmanager
    def question(self) -> Iterator[None]:
        """One question on this video; its tokens are dropped at the end, whatever happens."""
        shorten(self._cache, self.tokens)
        try:
            yield
        finally:
            shorten(self._cache, self.tokens)

    def add(self, ids: Sequence[int]) -> torch.Tensor:
        """Append these ids; the logits of the next token, float32 [vocabulary]."""
        first = self._next_position + self.added_tokens
        return self._decoder.logits(self._cache, ids, tail_positions(first, len(ids)))[0]

    def weigh(self, tree: TokenTree) -> list[float]:
        """The log-probability of each node's path from the root; 0 for the root itself.

        The root follows what was added before. All branches are read in one pass, each token
        seeing the video, what was added, and its own ancestors; nothing of the tree is kept.
        """
        inner = tree.inner
        if not inner:
            return [0.0]
        held = int(self._cache.get_seq_length())
        first = self._next_position + self.added_tokens
        depths = torch.tensor([tree.depths[node] for node in inner])
        try:
            logits = self._decoder.logits(
                self._cache,
                [tree.tokens[node] for node in inner],
                (first + depths).expand(3, -1),
                _ancestors(tree, inner, held),
                len(inner),
            )  # [inner nodes, vocabulary]
        finally:
            shorten(self._cache, held)
        place = {node: k for k, node in enumerate(inner)}
        rows = torch.tensor([place[parent] for parent in tree.parents[1:]], device=logits.device)
        said = logits[rows, torch.tensor(tree.tokens[1:], device=logits.device)]
        own = (said - logits.logsumexp(-1)[rows]).tolist()
        weights = [0.0]
        for parent, log_probability in zip(tree.parents[1:], own, strict=True):
            weights.append(weights[parent] + log_probability)
        return weights


def _ancestors(tree: TokenTree, nodes: Sequence[int], held: int) -> torch.Tensor:
    """What each node may see, bool [nodes, held + nodes]: all held, its ancestors and itself."""
    place = {node: k for k, node in enumerate(nodes)}
    seen = torch.zeros((len(nodes), held + len(nodes)), dtype=torch.bool)
    seen[:, :held] = True
    for k, node in enumerate(nodes):
        if node:
            seen[k] = seen[place[tree.parents[node]]]
        seen[k, held + k] = True
    return seen


def prefill(
    model: Any,
    ids: Sequence[int],
    features: VideoFeatures,
    video_pad: int,
    kernels: Kernels = REFERENCE,
) -> VideoPrefix:
    """Read a video: the prefix `ids` of qvtime.model.prompt with its features in the pads' place.

    Raises ValueError when the ids do not have one pad for every feature.
    """
    grid = features.grid
    if list(ids).count(video_pad) != len(features.pooled):
        raise ValueError(f"{list(ids).count(video_pad)} pads for {len(features.pooled)} features")
    rows, columns = grid.rows // MERGE, grid.columns // MERGE
    device = model.device
    positions, next_position = prefix_positions(ids, video_pad, rows, columns, device, kernels)
    layers = model.config.get_text_config().num_hidden_layers
    cache = roomy_cache(layers)
    with _features_enter(model, features) as arguments:
        model.model(  # not the whole model: nobody asks for logits here
            input_ids=torch.tensor([ids], device=device),
            position_ids=positions.unsqueeze(1),  # [3, 1, tokens]
            past_key_values=cache,
            use_cache=True,
            **arguments,
        )
    return VideoPrefix(make_decoder(model, kernels), cache, len(ids), next_position)


@contextmanager
def _features_enter(model: Any, features: VideoFeatures) -> Iterator[dict[str, Any]]:
    """The arguments with which this version of transformers takes features already computed."""
    if "mm_encoder_outputs" in inspect.signature(model.forward).parameters:
        levels = [[level] for level in features.deepstack]
        yield {"mm_encoder_outputs": {"video": _output([features.pooled], levels)}}
        return
    # transformers < 5.18 takes pixels only, and asks the inner model for their features.
    output = _output([features.pooled], list(features.deepstack))
    inner = model.model
    inner.get_video_features = lambda *args, **kwargs: output
    try:
        yield {"pixel_values_videos": features.pooled}
    finally:
        del inner.get_video_features


def _output(pooled: Any, deepstack: Any) -> Any:
    return BaseModelOutputWithDeepstackFeatures(pooler_output=pooled, deepstack_features=deepstack)

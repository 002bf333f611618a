"""Features become arrays and features again, bit for bit, or are refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from qvtime.frames import FrameBatch
from qvtime.model.engine import Engine
from qvtime.model.feature_arrays import arrays_of, features_of
from qvtime.model.vision import VideoFeatures
from qvtime.model.weights import LoadedModel

Pictures = Callable[..., npt.NDArray[np.uint8]]


@pytest.fixture
def features(loaded: LoadedModel, pictures: Pictures) -> VideoFeatures:
    times = np.arange(6, dtype=np.int64)
    return Engine(loaded).encode(FrameBatch(pictures(6, 64, 96), times, times))


def same(ours: VideoFeatures, theirs: VideoFeatures) -> bool:
    levels = zip((ours.pooled, *ours.deepstack), (theirs.pooled, *theirs.deepstack), strict=True)
    return ours.grid == theirs.grid and all(torch.equal(a, b) for a, b in levels)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_every_level_comes_back_bit_for_bit(
    dtype: torch.dtype, features: VideoFeatures, loaded: LoadedModel
) -> None:
    cast = VideoFeatures(
        features.grid, features.pooled.to(dtype), tuple(f.to(dtype) for f in features.deepstack)
    )
    arrays = arrays_of(cast)
    for array in arrays.values():
        array.flags.writeable = False  # as they come from a file
    again = features_of(arrays, replace(loaded, dtype=dtype), features.grid)
    assert again.pooled.dtype == dtype
    assert len(again.deepstack) == 3
    assert same(again, cast)


def test_kept_features_are_read_as_new_ones_are(
    features: VideoFeatures, loaded: LoadedModel
) -> None:
    again = features_of(arrays_of(features), loaded, features.grid)
    with Engine(loaded) as engine:
        replies = []
        for one in (features, again):
            with engine.look_at(one, (0, 500, 1000)) as look:
                replies.append(look.ask("what happens?", 8))
    assert replies[0].log_probabilities == replies[1].log_probabilities


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays: arrays.pop("deepstack.2"),
        lambda arrays: arrays.update({"deepstack.3": arrays["pooled"]}),
        lambda arrays: arrays.update(pooled=arrays["pooled"][1:]),
        lambda arrays: arrays.update(pooled=arrays["pooled"][:, 1:]),
        lambda arrays: arrays.update(pooled=arrays["pooled"].astype(np.float16)),
        lambda arrays: arrays.clear(),
    ],
)
def test_what_does_not_fit_the_model_is_refused(
    spoil: Callable[[dict[str, Any]], object], features: VideoFeatures, loaded: LoadedModel
) -> None:
    arrays = dict(arrays_of(features))
    spoil(arrays)
    with pytest.raises(ValueError, match="not"):
        features_of(arrays, loaded, features.grid)

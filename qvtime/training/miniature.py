"""The demo model's shape: Qwen3-VL's own classes, small."""

from typing import Any

import torch
from torch import nn
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from qvtime.training.glimpses import ABSENT
from qvtime.training.scene import COLOURS, KINDS, SHAPES, SIGN_WORDS, VERBS

HIDDEN = 256
LAYERS = 8
HEAD_DIM = 64
VISION_HIDDEN = 192
VISION_LAYERS = 4
DEEPSTACK = (0, 1, 2)
HEARING_LAYER = 4
"""The language model's layer after which the event heads read patches (counted from 1)."""
FINDING_LAYER = 5
"""That after which they read what a question found."""
ALIGNED_LAYERS = (3, 4)
ALIGNED_HEADS = 2
SAYING_LAYERS = (5, 6)
"""Those (counted from 0, as ALIGNED_LAYERS) in which answers read what their question found. The
layers after them put it into words, and keep two events of a moment apart."""


def build_model(tokenizer: Any, seed: int = 0) -> Qwen3VLForConditionalGeneration:
    """A miniature Qwen3-VL with random weights, float32."""
    token = tokenizer.convert_tokens_to_ids
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": HIDDEN,
            "intermediate_size": 640,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HIDDEN // HEAD_DIM,
            "num_key_value_heads": HIDDEN // HEAD_DIM // 2,
            "head_dim": HEAD_DIM,
            "max_position_embeddings": 32768,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 100_000.0,
                "mrope_section": [12, 10, 10],
                "mrope_interleaved": True,
            },
            "bos_token_id": token("<|endoftext|>"),
            "eos_token_id": token("<|im_end|>"),
            "pad_token_id": token("<|endoftext|>"),
        },
        vision_config={
            "depth": VISION_LAYERS,
            "hidden_size": VISION_HIDDEN,
            "intermediate_size": 512,
            "num_heads": VISION_HIDDEN // 64,
            "out_hidden_size": HIDDEN,
            "patch_size": 16,
            "temporal_patch_size": 2,
            "spatial_merge_size": 2,
            "num_position_embeddings": 36,
            "deepstack_visual_indexes": list(DEEPSTACK),
        },
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(config)
    _start_lively(model)
    _start_seeing_change(model.model.visual.patch_embed.proj)
    model.generation_config.eos_token_id = token("<|im_end|>")
    model.generation_config.pad_token_id = token("<|endoftext|>")
    return model


def _start_lively(model: nn.Module) -> None:
    """Random weights that keep a signal's size (variance 1 / inputs, LeCun 1998).

    transformers starts every model at a spread of 0.02, made for wide ones; in this narrow one
    that leaves the blocks almost silent, and shapes were not told apart after 400 steps.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and "lm_head" not in name:
            leaves = name.endswith(("o_proj", "down_proj", "attn.proj", "linear_fc2"))
            spread = module.in_features**-0.5 * (0.4 if leaves else 1.0)
            nn.init.normal_(module.weight, std=spread)
        elif isinstance(module, nn.Embedding) and "pos_embed" in name:
            nn.init.normal_(module.weight, std=0.1)


def grow(model: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Load weights of the same model with fewer layers; the layers that are new stay silent.

    A layer whose last products are zero hands on what it is given, so a course can go on deeper
    than it began, and loses nothing.
    """
    model.load_state_dict(weights, strict=False)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name not in weights and name.endswith(("o_proj.weight", "down_proj.weight")):
                weight.zero_()


CHANGE_CHANNELS = 64
CHANGE_GAIN = 3.0


def _start_seeing_change(proj: nn.Conv3d) -> None:
    """Let a third of the patch embedding start as the difference of its two pictures.

    Filters are smooth (4 x 4 blocks) and amplified, as a change is faint beside the picture. From
    random filters the tower learned what objects look like and not, in 1600 steps, which way
    they move, grow or fade.
    """
    with torch.no_grad():
        shape = (CHANGE_CHANNELS, proj.in_channels, 4, 4)
        coarse = torch.randn(shape) * proj.weight.std() * CHANGE_GAIN
        smooth = coarse.repeat_interleave(4, 2).repeat_interleave(4, 3)
        proj.weight[:CHANGE_CHANNELS] = torch.stack((smooth, -smooth), 2)


CLOCK_DIGITS = 3
"""Of a time, those that tell the patches of a window apart: tens of seconds, seconds, tenths."""


class TeachingHeads(nn.Module):
    """Heads that are read only while teaching: what is in a cell, what goes on in a patch."""

    def __init__(self) -> None:
        super().__init__()
        levels = 1 + len(DEEPSTACK)
        self.cells = nn.ModuleDict(
            {
                name: nn.ModuleList(nn.Linear(HIDDEN, absent + 1) for _ in range(levels))
                for name, absent in ABSENT.items()
            }
        )
        self.events = nn.Linear(HIDDEN, KINDS)
        nn.init.constant_(self.events.bias, -5.0)
        self.parts = nn.Linear(HIDDEN, len(COLOURS) + len(SHAPES) + len(VERBS))
        self.turned = nn.Linear(HIDDEN, len(COLOURS))
        self.words = nn.Linear(HIDDEN, len(SIGN_WORDS))
        nn.init.constant_(self.words.bias, -4.0)
        self.edges = nn.Linear(HIDDEN, 2 * KINDS)
        nn.init.constant_(self.edges.bias, -5.0)
        self.clock = nn.Linear(HIDDEN, CLOCK_DIGITS * 10)

    def of_cells(self, name: str, level: int) -> nn.Module:
        """The head for one label of the cells ("colour" …) on one level of features."""
        of_level = self.cells[name]
        if not isinstance(of_level, nn.ModuleList):
            raise TypeError(f"no heads for {name}")
        return of_level[level]

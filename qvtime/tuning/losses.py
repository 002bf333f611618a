"""What a lesson teaches: the answers to its questions, each seen alone with the video."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from qvtime.model.pixels import MERGE, patches_of
from qvtime.model.positions import prefix_positions, tail_positions
from qvtime.tuning.alignment import lesson_alignment
from qvtime.tuning.lessons import Lesson
from qvtime.tuning.pupil import Pupil


@dataclass(frozen=True, slots=True)
class Packed:
    """A lesson as tensors: its video once, then its questions with their answers, S tokens.

    ids: int64 [1, S]; positions: int64 [3, 1, S]; hidden: float [1, 1, S, S], added to attention:
    0, or the least number where a token may not look: ahead, and at other questions. asked: int64
    [N], the places before each of the N tokens of answers; wanted: int64 [N], those tokens.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    hidden: torch.Tensor
    asked: torch.Tensor
    wanted: torch.Tensor


def pack(lesson: Lesson, video_pad: int, dtype: torch.dtype) -> Packed:
    """The lesson, on the CPU."""
    ids = list(lesson.prefix)
    first, after = prefix_positions(ids, video_pad, lesson.rows, lesson.columns)
    positions = [first]
    questions = [0] * len(ids)
    asked: list[int] = []
    for number, tail in enumerate(lesson.tails, 1):
        start = len(ids)
        asked += range(start + tail.answer_start - 1, start + len(tail.ids) - 1)
        ids += tail.ids
        questions += [number] * len(tail.ids)
        positions.append(tail_positions(after, len(tail.ids)))
    of = torch.tensor(questions)
    seen = (of[:, None] == of) | (of == 0)
    hidden = torch.zeros((len(ids), len(ids)), dtype=dtype)
    hidden.masked_fill_(~seen.tril(), torch.finfo(dtype).min)
    flat, places = torch.tensor(ids), torch.tensor(asked)
    return Packed(
        ids=flat[None],
        positions=torch.cat(positions, 1)[:, None],
        hidden=hidden[None, None],
        asked=places,
        wanted=flat[places + 1],
    )


def see(model: Any, lesson: Lesson, learns: bool) -> list[torch.Tensor]:
    """The tower's features: merged tokens [tokens, hidden], then every DeepStack level."""
    patches = patches_of(lesson.pixels, model.device).to(model.model.visual.dtype)
    size = [len(lesson.times_ms), lesson.rows * MERGE, lesson.columns * MERGE]
    with nullcontext() if learns else torch.no_grad():
        seen = model.model.visual(patches, grid_thw=torch.tensor([size], device=model.device))
    return [seen.pooler_output, *seen.deepstack_features]


def read(model: Any, packed: Packed, features: list[torch.Tensor]) -> torch.Tensor:
    """The language model's last hidden states before answers: [N, hidden]."""
    device = model.device
    ids = packed.ids.to(device)
    embedded = model.model.get_input_embeddings()(ids)
    pictures = ids == model.config.video_token_id
    embedded = embedded.masked_scatter(pictures.unsqueeze(-1), features[0].to(embedded.dtype))
    hidden: torch.Tensor = model.model.language_model(
        inputs_embeds=embedded,
        attention_mask=packed.hidden.to(device),
        position_ids=packed.positions.to(device),
        visual_pos_masks=pictures,
        deepstack_visual_embeds=features[1:],
        use_cache=False,
    ).last_hidden_state
    return hidden[0, packed.asked.to(device)]


@dataclass(frozen=True, slots=True)
class LessonLoss:
    """The loss of a lesson to go down, float32 scalars: the total, and its parts."""

    total: torch.Tensor
    answers: torch.Tensor
    alignment: torch.Tensor | None = None

    def detached(self) -> "LessonLoss":
        """The same without the way back to the model."""
        alignment = None if self.alignment is None else self.alignment.detach()
        return LessonLoss(self.total.detach(), self.answers.detach(), alignment)


def lesson_loss(pupil: Pupil, lesson: Lesson) -> LessonLoss:
    """The mean cross-entropy of the tokens of all answers, and the alignment loss if wanted."""
    model = pupil.model
    packed = pack(lesson, model.config.video_token_id, model.model.language_model.dtype)
    said = read(model, packed, see(model, lesson, pupil.learns_to_see))
    logits: torch.Tensor = model.lm_head(said).float()
    answers = F.cross_entropy(logits, packed.wanted.to(logits.device))
    if pupil.recorder is None:
        return LessonLoss(answers, answers)
    aligned = lesson_alignment(pupil.recorder, lesson, model.config.video_token_id, model.device)
    return LessonLoss(answers + pupil.align_weight * aligned, answers, aligned)

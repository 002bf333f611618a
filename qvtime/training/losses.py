"""What the demo model is taught with, one function a loss."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from transformers import Qwen3VLForConditionalGeneration

from qvtime.training.alignment import AttentionRecorder, alignment_loss, link_loss
from qvtime.training.batches import IGNORED, KINDS_OF_QUESTION, Batch, Glimpses
from qvtime.training.glimpses import ABSENT, CELL_LABELS
from qvtime.training.miniature import (
    CLOCK_DIGITS,
    FINDING_LAYER,
    HEARING_LAYER,
    TeachingHeads,
)
from qvtime.training.scene import COLOURS, KINDS, SHAPES, SIGN_WORDS, VERBS

ALIGNMENT_WEIGHT = 1.0
EVENTS_WEIGHT = 0.3
CLOCK_WEIGHT = 0.5
LINK_WEIGHT = 0.3
DETAILS_WEIGHT = 3.0
"""Few events turn a colour, and a patch has one word at most: their losses are small beside that
of the kinds."""
COUNTED_WHERE_THERE = ("turned", "edge", "word")


@dataclass(frozen=True, slots=True)
class Taught:
    """The loss to go down, and figures to look at."""

    loss: torch.Tensor
    figures: dict[str, float]


def cell_loss(heads: TeachingHeads, levels: list[torch.Tensor], batch: Glimpses) -> Taught:
    """Which object is in every merged token, and what it does, read off every level of features."""
    total = torch.zeros((), device=batch.cells.device)
    figures = {}
    truth = dict(zip(CELL_LABELS, batch.cells.unbind(1), strict=True))
    for name, wanted in truth.items():
        there = wanted != ABSENT[name]
        for level, features in enumerate(levels):
            logits = heads.of_cells(name, level)(features).float()
            # Which colour something turns counts only where something turns: over all cells, most
            # of what there is to learn would be that hardly anything does, as the verb says too.
            # So do when an event began or ended, and which word is written.
            counts = there if name in COUNTED_WHERE_THERE else slice(None)
            if name not in COUNTED_WHERE_THERE or there.any():
                total = total + F.cross_entropy(logits[counts], wanted[counts])
            if level == 0 and there.any():
                right = logits[there].argmax(-1) == wanted[there]
                figures[name] = right.float().mean().item()
    return Taught(total / len(levels), figures)


def see(model: Qwen3VLForConditionalGeneration, batch: Batch | Glimpses) -> list[torch.Tensor]:
    """The tower's features: merged tokens [tokens, hidden], then every DeepStack level."""
    seen = model.model.visual(batch.patches, grid_thw=batch.grid)
    return [seen.pooler_output, *seen.deepstack_features]


def answer_loss(
    model: Qwen3VLForConditionalGeneration,
    heads: TeachingHeads,
    recorder: AttentionRecorder,
    batch: Batch,
    aligned: bool = True,
    learns: bool = True,
) -> Taught:
    """Answers, attention on the truth, what goes on in every patch; the tower learns elsewhere.

    learns: whether the language model does, and not its heads alone.

    The tower goes on learning from glimpses beside this, which teach it better than whole clips
    do and cost a fraction of what its gradients would here.
    """
    with torch.no_grad():
        features = see(model, batch)
    with torch.set_grad_enabled(learns):
        hidden, heard = _read(model, batch, features)
    spoken = batch.labels[:, 1:] != IGNORED
    logits = model.lm_head(hidden[:, :-1][spoken]).float()
    wanted = batch.labels[:, 1:][spoken]
    answers = F.cross_entropy(logits, wanted)
    ends = [one[batch.ends] for one in heard]
    events = kind_loss(heads, ends[0], batch.marks)
    events = events + edge_loss(heads, ends[1], batch.marks, batch.targets.shape[1])
    asked, found = (one[batch.meant_rows, batch.meant_places] for one in heard)
    read = torch.where(batch.found[:, None], found, asked)
    meanings = kind_loss(heads, read, batch.meant)
    asked, found = (one[batch.said_rows, batch.said_places] for one in heard)
    read = torch.where(batch.said_found[:, None], found, asked)
    clock, on_time = clock_loss(heads, heard[0][batch.ends], batch.clock)
    said, said_right = clock_loss(heads, read, batch.said)
    loss = answers + EVENTS_WEIGHT * (events + meanings) + CLOCK_WEIGHT * (clock + said)
    figures = {"answers": answers.item(), "events": events.item(), "meant": meanings.item()}
    figures |= {"clock": on_time, "said": said_right}
    if aligned:
        alignment, share = alignment_loss(recorder, batch)
        links = link_loss(recorder, batch)
        loss = loss + ALIGNMENT_WEIGHT * alignment + LINK_WEIGHT * links
        figures |= {"alignment": alignment.item(), "share": share.item(), "links": links.item()}
    figures |= _exact(logits.argmax(-1) == wanted, batch, spoken)
    return Taught(loss, figures)


def _read(
    model: Qwen3VLForConditionalGeneration, batch: Batch, features: list[torch.Tensor]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The language model's last hidden states [B, S, hidden], and those that its heads read."""
    embedded = model.model.get_input_embeddings()(batch.ids)
    pictures = batch.owners.ge(0) & (batch.ids == model.config.video_token_id)
    embedded = embedded.masked_scatter(pictures.unsqueeze(-1), features[0].to(embedded.dtype))
    heard: list[torch.Tensor] = []
    hooks = [
        model.model.language_model.layers[number - 1].register_forward_hook(
            lambda _module, _args, output: heard.append(output)
        )
        for number in (HEARING_LAYER, FINDING_LAYER)
    ]
    try:
        hidden = model.model.language_model(
            inputs_embeds=embedded,
            attention_mask=batch.hidden,
            position_ids=batch.positions,
            visual_pos_masks=pictures,
            deepstack_visual_embeds=features[1:],
            use_cache=False,
        ).last_hidden_state
    finally:
        for hook in hooks:
            hook.remove()
    return hidden, heard


def kind_loss(heads: TeachingHeads, hidden: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Events read off hidden states [N, hidden]: whole ones, and their parts; float [N, MARKS].

    The parts (some colour, some shape, some verb) are few and common, and teach sooner. Patches
    and questions are read by the same heads, so that what is seen and what is asked for come to
    be the same to the model, and one can find the other.
    """
    kinds, turned, words = torch.split(marks, [KINDS, len(COLOURS), len(SIGN_WORDS)], 1)
    table = kinds.reshape(-1, len(COLOURS), len(SHAPES), len(VERBS))
    parts = torch.cat((table.amax((2, 3)), table.amax((1, 3)), table.amax((1, 2))), 1)
    whole = _binary(heads.events(hidden), kinds) + _binary(heads.parts(hidden), parts)
    details = _binary(heads.turned(hidden), turned) + _binary(heads.words(hidden), words)
    return whole + DETAILS_WEIGHT * details


def clock_loss(
    heads: TeachingHeads, hidden: torch.Tensor, digits: torch.Tensor
) -> tuple[torch.Tensor, float]:
    """Times read off hidden states [N, hidden]: digits int64 [N, 3]; and how many were right.

    A patch's time is spelled before its pictures, and what goes on in it is known only after
    them: its last token has to bring both together, for a question to get from one to the other.
    """
    logits = heads.clock(hidden).float().view(-1, CLOCK_DIGITS, 10)
    loss = F.cross_entropy(logits.flatten(0, 1), digits.flatten())
    return loss, (logits.argmax(-1) == digits).all(1).float().mean().item()


def edge_loss(
    heads: TeachingHeads, hidden: torch.Tensor, marks: torch.Tensor, patches: int
) -> torch.Tensor:
    """Which events begin in a patch, and which were over when it came: what times rest on.

    hidden: [B * patches, hidden] of the patches' last tokens, a layer after they knew what goes
    on: it takes a look at the patch before. marks: float [B * patches, MARKS].
    """
    going_on = marks[:, :KINDS]
    before = F.pad(going_on.reshape(-1, patches, KINDS)[:, :-1], (0, 0, 1, 0)).reshape_as(going_on)
    edges = torch.cat((going_on * (1 - before), before * (1 - going_on)), 1)
    return _binary(heads.edges(hidden), edges)


def _binary(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Cross entropy of yes or no, summed over the labels of a row, as the mean over rows."""
    each = F.binary_cross_entropy_with_logits(logits.float(), truth, reduction="none")
    return each.sum(-1).mean()


def _exact(right: torch.Tensor, batch: Batch, spoken: torch.Tensor) -> dict[str, float]:
    """How many answers of each kind were right in every token, given their own beginnings."""
    board = torch.ones_like(spoken)
    board[spoken] = right
    kinds = batch.kinds[:, 1:]
    last = spoken & ~F.pad(spoken[:, 1:], (0, 1))
    wrong_before = (~board).cumsum(1)
    figures = {}
    for number, kind in enumerate(KINDS_OF_QUESTION):
        ends = (last & (kinds == number)).nonzero()
        exact = []
        for row, place in ends.tolist():
            start = place
            while start > 0 and spoken[row, start - 1]:
                start -= 1
            before = wrong_before[row, start - 1] if start else 0
            exact.append(float(wrong_before[row, place] == before))
        if exact:
            figures[kind] = sum(exact) / len(exact)
    return figures

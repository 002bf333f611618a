"""Everything that a run of teaching needs, put together."""

from collections.abc import Sequence

from qvtime.tuning.company import Company
from qvtime.tuning.exam import set_exam
from qvtime.tuning.labels import LabelledVideo
from qvtime.tuning.lessons import Show
from qvtime.tuning.negatives import Negatives
from qvtime.tuning.news import known_words
from qvtime.tuning.pupil import Pupil
from qvtime.tuning.questions import Asker
from qvtime.tuning.recipe import Recipe
from qvtime.tuning.run import Run
from qvtime.tuning.trainer import Classroom, Trainer
from qvtime.tuning.visits import Timetable


def open_school(
    pupil: Pupil,
    recipe: Recipe,
    run: Run,
    company: Company,
    learn: Sequence[LabelledVideo],
    rehearse: Sequence[LabelledVideo],
    held_out: Sequence[LabelledVideo],
    held_out_rehearsed: Sequence[LabelledVideo],
    show: Show,
) -> Trainer:
    """A trainer that teaches from `learn`, with `rehearse` in between, and examines on what of
    both is held out."""
    habits, tokenizer = pupil.loaded.habits, pupil.loaded.tokenizer
    negatives = Negatives([*learn, *rehearse, *held_out, *held_out_rehearsed])
    room = Classroom(
        timetable=Timetable(learn, rehearse, recipe, habits.window_patches),
        asker=Asker(tokenizer, habits, negatives, recipe.never_share),
        show=show,
        exam=set_exam(
            held_out,
            held_out_rehearsed,
            known_words(rehearse),
            negatives,
            recipe,
            habits.window_patches,
        ),
        company=company,
    )
    return Trainer(pupil, room, recipe, run)

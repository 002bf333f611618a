"""Claims about a moment that the model itself places elsewhere are left out."""

import pytest

from qvtime.answer import parse_answer
from qvtime.closing import Closing
from qvtime.model.reply import Occurrences, Reply, ScoredSpan
from qvtime.tasks.moments import event_of, look_up, without
from qvtime.timeline import Span

HERE, LATER = ScoredSpan(1000, 2000, 0.6), ScoredSpan(3000, 3500, 0.3)


class Look(Closing):
    """A look whose claims are at known times."""

    centres_ms = (1000, 1500, 2000, 2500, 3000, 3500)
    vision_ms = prefill_ms = 0.0

    def __init__(self, **spans: tuple[ScoredSpan, ...]) -> None:
        self._spans = spans

    def ask(self, question: str, max_new_tokens: int) -> Reply:
        raise AssertionError("claims are looked up, nothing else is asked")

    def spans(self, event: str) -> Occurrences:
        found = self._spans[event.lower().removeprefix("the ").replace(" ", "_")]
        return Occurrences(1.0, found)

    def close(self) -> None:
        """Nothing is held."""


def reply(text: str) -> Reply:
    return Reply(text, (), (), 0.9, "stop", 0, 0.0)


@pytest.mark.parametrize(
    ("text", "moment_ms", "least", "held", "misplaced"),
    [
        ("The dog runs and the cat naps.", 1500, 0.1, ["The dog runs"], ["the cat naps"]),
        ("The dog runs and the cat naps.", 3000, 0.2, ["the cat naps"], ["The dog runs"]),
        ("The dog runs and the cat naps.", 3000, 0.4, [], ["The dog runs", "the cat naps"]),
        ("The dog runs and the cat naps.", 2500, 0.0, ["The dog runs", "the cat naps"], []),
    ],
)
def test_a_claim_is_held_where_its_spans_are(
    text: str, moment_ms: int, least: float, held: list[str], misplaced: list[str]
) -> None:
    with Look(dog_runs=(HERE,), cat_naps=(LATER,)) as look:
        found, others = look_up(look, reply(text), moment_ms, least)
    assert [one.claim for one in found] == held
    assert others == misplaced


@pytest.mark.parametrize(
    ("text", "answer", "nothing"),
    [
        ("The dog runs and the cat naps.", "The dog runs.", False),
        ("The cat naps and the dog runs.", "The dog runs.", False),
        ("The cat naps.", "Nothing happens.", True),
        ("狗在跑，猫在睡。", "狗在跑。", False),
        ("猫在睡。", "没有事情发生。", True),
    ],
)
def test_the_answer_says_what_is_left(text: str, answer: str, nothing: bool) -> None:
    with Look(dog_runs=(HERE,), cat_naps=(LATER,), 狗在跑=(HERE,), 猫在睡=(LATER,)) as look:
        held, misplaced = look_up(look, reply(text), 1500, 0.1)
    said = without(parse_answer(text, Span(1000, 4000)), held, misplaced)
    assert (said.text_with_tags, said.nothing) == (answer, nothing)
    assert said.dropped == tuple(f"{claim}: at another time" for claim in misplaced)


def test_an_answer_of_which_nothing_is_dropped_keeps_its_words() -> None:
    parsed = parse_answer("The dog — a terrier — runs!", Span(0, 4000))
    assert without(parsed, [], []) is parsed


def test_an_event_is_the_likeliest_span_that_holds_the_moment() -> None:
    wider = ScoredSpan(1000, 3500, 0.2)
    with Look(dog_runs=(HERE, wider)) as look:
        ((one, *_), _) = look_up(look, reply("The dog runs."), 1500, 0.1)
    event = event_of(one, 1500, 500, Span(0, 10_000), 0.9)
    assert (event.span, event.caption) == (Span(750, 2250), "The dog runs")


def test_a_claim_without_a_span_takes_the_moments_own_patch() -> None:
    with Look(dog_runs=()) as look:
        ((one,), _) = look_up(look, reply("The dog runs."), 1500, 0.0)
    assert event_of(one, 1500, 500, Span(0, 10_000), None).span == Span(1250, 1750)

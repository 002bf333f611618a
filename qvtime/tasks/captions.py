"""What an index already says of a video: where in it a question may be answered.

A video that is too long to be read at once is skimmed, but its captions, and its overview, were
made from all of it. They only say where to look: what is found there is found by looking.
"""

from collections.abc import Callable
from dataclasses import dataclass

from qvtime.errors import StoreError, VideoError
from qvtime.store.fingerprint import still_as
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from qvtime.store.search import search_video
from qvtime.tasks.overviews import likely_at
from qvtime.timeline import Event, Span


@dataclass(frozen=True, slots=True)
class Pointed:
    """Where to look, best first. captions: that share telling words with the question; likely:
    moments that look as the video does where its captions have these words."""

    captions: tuple[Event, ...] = ()
    likely: tuple[Event, ...] = ()

    @property
    def places(self) -> tuple[Event, ...]:
        """All of them."""
        return (*self.captions, *self.likely)

    def within(self, span: Span) -> "Pointed":
        """Those that share a moment with a span."""
        captions, likely = (
            tuple(one for one in ones if one.span.overlap_ms(span))
            for ones in (self.captions, self.likely)
        )
        return Pointed(captions, likely)


NOWHERE = Pointed()


def point(
    path: str, question: str, note: Callable[[str], None] = lambda _: None, likely: bool = True
) -> Pointed:
    """Where the nearest index above the video points, if it knows the video as it is now.

    likely: whether the overview is asked too; beside it only the captions that fit best count,
    since it knows what looks like the others. An index that cannot be read is told to `note`.
    """
    try:
        place = place_of(path)
        if not place.is_there:
            return NOWHERE
        with open_index(place) as index:
            record = index.find(path)
            if record is None or record.error is not None:
                return NOWHERE
            if not still_as(path, record.fingerprint):
                return NOWHERE
            captions = tuple(search_video(index, record, question))
            moments = likely_at(index, record, question) if likely else ()
            if moments:
                captions = tuple(one for one in captions if one.score == 1)
            return Pointed(captions, moments)
    except StoreError as error:
        note(f"{error.message}; going on without the index")
    except (OSError, VideoError):  # an index, or a folder, that this user may not look at
        pass
    return NOWHERE

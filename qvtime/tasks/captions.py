"""What an index already says of a video: where in it a question may be answered.

A video that is too long to be read at once is skimmed, but its captions were made from all of it.
They only say where to look: what is found there is found by looking.
"""

from collections.abc import Callable

from qvtime.errors import StoreError, VideoError
from qvtime.store.fingerprint import still_as
from qvtime.store.index import open_index
from qvtime.store.place import place_of
from qvtime.store.search import search_video
from qvtime.timeline import Event


def pointed_at(
    path: str, question: str, note: Callable[[str], None] = lambda _: None
) -> tuple[Event, ...]:
    """The captions of this video that share telling words with the question, best first.

    None when no index above the video knows it as it is now. An index that cannot be read is
    told to `note`.
    """
    try:
        place = place_of(path)
        if not place.file.is_file():
            return ()
        with open_index(place) as index:
            record = index.find(path)
            if record is None or record.error is not None:
                return ()
            if not still_as(path, record.fingerprint):
                return ()
            return tuple(search_video(index, record, question))
    except StoreError as error:
        note(f"{error.message}; going on without the index")
    except (OSError, VideoError):  # an index, or a folder, that this user may not look at
        pass
    return ()

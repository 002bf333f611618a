"""Every error qvtime shows, and the exit code each one ends with.

    QvtimeError                     5  could not run
    ├── UsageError                  2  the command line asks for something that makes no sense
    ├── VideoError                  3  this video failed; others may go on
    │   ├── VideoNotFound              no such file
    │   ├── NotAVideo                  no regular file, no known container, or no pictures in it
    │   ├── DamagedVideo               its pictures cannot be read, or the decoder died on it
    │   ├── UnsupportedVideo           the chosen decoder is known to get this kind of video wrong
    │   └── VideoOverLimits            larger, longer or slower than the caps of settings.Limits
    ├── ModelError                  5
    │   ├── ModelNotFound              neither on this machine nor reachable
    │   ├── UnsafeModel                loading it could run code
    │   ├── OutOfMemory                this machine cannot hold the work
    │   └── ServerError                a model server does not answer, or not as it should
    ├── ClusterError                5  the machines that were to help cannot be had, or fail
    ├── OutputError                 5  the result could not be written
    └── StoreError                  5  the index cannot be used
        ├── IndexDamaged               its file is not what an index is; it is left as it is
        ├── IndexTooNew                a newer qvtime wrote it
        └── IndexLocked             4  another run holds it

Only `qvtime.cli.main` turns them into exit codes. Other codes: 0 done or found, 1 nothing found,
130 and 143 for SIGINT and SIGTERM.
"""


class QvtimeError(Exception):
    """One sentence for the user: what, where and why; `hint` says what to do about it."""

    exit_code = 5

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type["QvtimeError"], tuple[str, str | None]]:
        # Errors cross the border of the decoding process.
        return type(self), (self.message, self.hint)


class UsageError(QvtimeError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class VideoError(QvtimeError):
    """This video failed; others may go on."""

    exit_code = 3


class VideoNotFound(VideoError):
    """There is no such file."""


class NotAVideo(VideoError):
    """Not a regular file, not a known container, or no pictures in it."""


class DamagedVideo(VideoError):
    """The pictures cannot be read, or the decoder died on them."""


class UnsupportedVideo(VideoError):
    """The chosen decoder is known to get this kind of video wrong."""


class VideoOverLimits(VideoError):
    """Larger, longer or slower than the caps allow."""


class ModelError(QvtimeError):
    """The model cannot be used."""


class ModelNotFound(ModelError):
    """The weights are neither on this machine nor reachable."""


class UnsafeModel(ModelError):
    """Loading these weights could run code."""


class OutOfMemory(ModelError):
    """This machine cannot hold the work."""


class ServerError(ModelError):
    """A model server does not answer, or not as it should."""


class ClusterError(QvtimeError):
    """The machines that were to help cannot be had, or fail."""


class OutputError(QvtimeError):
    """The result could not be written."""


class StoreError(QvtimeError):
    """The index cannot be used."""


class IndexDamaged(StoreError):
    """The file is no index, or is broken; nothing deletes or repairs it."""


class IndexTooNew(StoreError):
    """A newer qvtime wrote the index; it is left as it is."""


class IndexLocked(StoreError):
    """Another run holds the index."""

    exit_code = 4


def cause_of(error: Exception) -> str:
    """What the system says is wrong, as the end of a sentence: "no space left on device".

    Of another error than an OSError, such as a ValueError for a NUL in a path, Python's own words.
    """
    said = error.strerror if isinstance(error, OSError) else None
    return (said or str(error)).lower()

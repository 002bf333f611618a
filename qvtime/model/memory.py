"""Running out of memory, said in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from qvtime.errors import OutOfMemory


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on the GPU or in this machine."""
    # The CPU allocator of torch raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )


@contextmanager
def out_of_memory_is(message: str, hint: str) -> Iterator[None]:
    """Within it, a lack of memory raises OutOfMemory(message, hint)."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(message, hint) from error

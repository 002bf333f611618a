"""Sizes as people write them: 2GB, 500 MiB, 1.5g."""

import re
from decimal import Decimal

from qvtime.errors import UsageError

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_size(text: str) -> int:
    """Bytes. Units count in thousands (kB, MB, GB, TB) or in 1024s (KiB, MiB …); none is bytes.

    UsageError for anything else.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match[3] and not match[2]):
        raise UsageError(f'"{text}" is no size', hint="write it like 500MB or 2GB")
    number, unit, binary = match.groups()
    return int(Decimal(number) * (1024 if binary else 1000) ** _POWERS[unit.lower()])

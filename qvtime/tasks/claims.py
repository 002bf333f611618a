"""An answer's claims, so that each can be tied to a time of its own."""

import re

_CLAIM_ENDS = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；，])|,?\s+and\s+(?=the\b)")


def claims(text: str) -> list[str]:
    """What an answer says happens, one piece for each thing; what it says twice counts once."""
    pieces = (piece.strip(" \n.!?;,。！？；，") for piece in _CLAIM_ENDS.split(text))
    first: dict[str, str] = {}
    for piece in pieces:
        first.setdefault(piece.casefold(), piece)
    return [piece for piece in first.values() if piece]

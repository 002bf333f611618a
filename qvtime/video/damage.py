"""What was wrong with a file, counted while it is decoded and said in sentences."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class DamageLog:
    """Counts and remarks; grows only."""

    unreadable_packets: int = 0
    misplaced_pictures: int = 0
    remarks: list[str] = field(default_factory=list)

    def note(self, remark: str) -> None:
        """Keep a remark, once."""
        if remark not in self.remarks:
            self.remarks.append(remark)

    def sentences(self) -> tuple[str, ...]:
        """Everything found, one sentence each; empty for a sound file."""
        found = list(self.remarks)
        if self.unreadable_packets:
            found.append(f"{_count(self.unreadable_packets, 'packet')} could not be decoded")
        if self.misplaced_pictures:
            found.append(f"{_count(self.misplaced_pictures, 'picture')} had no usable time")
        return tuple(found)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

"""What a measurement gives."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figures:
    """Named figures; each measurement has a class of its own, whose field names carry the units."""

    def to_json(self) -> dict[str, Any]:
        """The figures by name, in JSON-able form."""
        return asdict(self)

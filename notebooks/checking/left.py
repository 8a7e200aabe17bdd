"""What somebody decided to leave as it is, and why: kept with the workspace, so that it is asked once."""

import json
import os

from notebooks.keeping import keep, kept_in
from policy.reading.workspace import SERVED

__all__ = ["Left"]


class Left:
    """Item -> why it is left, for all drafts of one policy: in Lab in workspace/checks, elsewhere while it runs."""

    def __init__(self, policy: str):
        self.path = kept_in() / "checks" / f"{policy}.json" if SERVED in os.environ else None
        self.reasons: dict[str, str] = self._found()

    def _found(self) -> dict[str, str]:
        try:
            found = json.loads(self.path.read_bytes()) if self.path else {}
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def leave(self, keys: list[str], because: str) -> None:
        """Leave these; an empty reason: take them up again. Raises ProblemsFound where it cannot be kept."""
        reasons = {key: why for key, why in self.reasons.items() if key not in keys}
        reasons |= dict.fromkeys(keys, because) if because else {}
        if self.path:
            keep(self.path, (json.dumps(reasons, indent=1, ensure_ascii=False) + "\n").encode())
        self.reasons = reasons

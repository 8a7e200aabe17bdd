"""The settings that are asked for: up to four levers moved at random."""

import random
from collections.abc import Sequence

from policy.model import Policy, Settings, Value

LEVERS = ("pain_duration_months", "conservative_weeks", "conservative_modalities_min", "relief_pct")


def random_values(policy: Policy, levers: Sequence[str], size: int, seed: int) -> dict[str, list[Value]]:
    """Lever -> its value at each setting, any legal value alike."""
    luck = random.Random(seed)
    return {lever: [luck.choice(policy.levers[lever].values()) for _ in range(size)] for lever in levers}


def random_settings(policy: Policy, levers: Sequence[str], size: int, seed: int) -> list[Settings]:
    """So many settings over the defaults."""
    columns = random_values(policy, levers, size, seed)
    rows = zip(*columns.values(), strict=True)
    return [Settings(policy, {**policy.settings(), **dict(zip(columns, row, strict=True))}) for row in rows]

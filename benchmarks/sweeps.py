"""The settings that are asked for: levers moved at random."""

import random
from collections.abc import Sequence

from policy.model import Policy, Settings


def random_settings(policy: Policy, levers: Sequence[str], size: int, seed: int) -> list[Settings]:
    """So many settings over the defaults, any legal value of the levers alike."""
    luck = random.Random(seed)
    columns = {lever: [luck.choice(policy.levers[lever].values()) for _ in range(size)] for lever in levers}
    rows = zip(*columns.values(), strict=True)
    return [Settings(policy, {**policy.settings(), **dict(zip(columns, row, strict=True))}) for row in rows]

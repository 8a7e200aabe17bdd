"""Which case: those of a caseload by outcome, pathway and reason, by their id, and those that are alike."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from policy import Cases, Settings, determine
from policy.bits.planes import mask_of
from policy.determinations.results import PARTLY
from policy.evaluation.kleene import NOT_DOCUMENTED, NOT_MET
from policy.model import OUTCOMES

__all__ = ["Picks", "Places"]

Places = NDArray[np.intp]
_SHORT = {
    "Not met": (NOT_MET, PARTLY + NOT_MET),
    "Not documented": (NOT_DOCUMENTED, PARTLY + NOT_DOCUMENTED),
}


class Picks:
    """The cases as they come out under `settings`; a place is the position of a case, and every list is in order.

    A reason is a criterion that falls short, or a sentence of the policy, as it is said: 'Not met: ...'.
    """

    def __init__(self, cases: Cases, settings: Settings):
        self.cases, self.settings = cases, settings
        found = determine(settings.policy, cases, settings)
        self._found = found
        self._outcome = found.outcome
        self._pathway = found.pathway
        frame = found.frame()
        parts = (frame[name].cat.codes.to_numpy() for name in ("pathway", "outcome", "reasons"))
        self._alike = np.unique(np.stack([*parts]), axis=1, return_inverse=True)[1].reshape(-1)
        self._reasons = dict(self._with_reasons())

    def _with_reasons(self) -> Iterable[tuple[str, NDArray[np.bool_]]]:
        """Reason -> the cases that have it."""
        for word, codes in _SHORT.items():
            for name, truth in self._found.truths.items():
                where = np.isin(truth, codes)
                if where.any():
                    yield f"{word}: {self.settings.says(name)}", where
        because: dict[str, NDArray[np.bool_]] = {}
        for places, reading in self._found.readings:
            for text, plane in reading.because.items():
                said = because.setdefault(text[:1].upper() + text[1:], np.zeros(len(self.cases), dtype=bool))
                said[places] |= mask_of(plane, len(places))
        yield from because.items()

    def places(self, outcome: str = "", pathway: str = "", reason: str = "") -> Places:
        """The cases with this outcome, pathway and reason; what is empty is not asked for."""
        wanted = np.ones(len(self.cases), dtype=bool)
        if outcome:
            wanted &= self._outcome == OUTCOMES.index(outcome)
        if pathway:
            wanted &= self._pathway == list(self.settings.policy.pathways).index(pathway)
        if reason:
            wanted &= self._reasons.get(reason, np.zeros(len(self.cases), dtype=bool))
        return np.flatnonzero(wanted)

    def outcomes(self) -> dict[str, int]:
        """Number of cases of each outcome that there is, in the field's order."""
        counted = Counter(self._outcome.tolist())
        return {word: counted[i] for i, word in enumerate(OUTCOMES) if counted[i]}

    def pathways(self, outcome: str = "") -> dict[str, int]:
        """Number of cases of each pathway that some case with the outcome takes, in document order."""
        counted = Counter(self._pathway[self.places(outcome)].tolist())
        return {name: counted[i] for i, name in enumerate(self.settings.policy.pathways) if counted[i]}

    def reasons(self, outcome: str = "", pathway: str = "") -> dict[str, int]:
        """Number of cases of each reason among those, the most frequent first."""
        among = self.places(outcome, pathway)
        counted = {reason: int(where[among].sum()) for reason, where in self._reasons.items()}
        return {reason: count for reason, count in sorted(counted.items(), key=lambda one: -one[1]) if count}

    def search(self, text: str) -> Places:
        """The cases whose id is the text, else those whose id has it in it; none for no text."""
        wanted = text.strip().lower()
        ids = [str(one).lower() for one in self.cases.ids]
        same = [i for i, one in enumerate(ids) if one == wanted]
        found = same or [i for i, one in enumerate(ids) if wanted and wanted in one]
        return np.array(found, dtype=np.intp)

    def alike(self, place: int) -> Places:
        """The cases of the same pathway with the same outcome for the same reasons, itself among them."""
        return np.flatnonzero(self._alike == self._alike[place])

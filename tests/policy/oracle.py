"""What the policy must answer for one case, written from the design documents alone: plain Python, no numpy, no YAML.

A truth is True (met), False (not met) or None (not documented). A case is a dict of the contract's columns with Python
values (bool, int, Decimal, date, str; None = not documented), a setting a dict of every lever (int, None for off, str).
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

Truth = bool | None
Truths = dict[str, Truth]
Case = Mapping[str, Any]
Levers = Mapping[str, Any]

SPINE = {"M54.2": "neck_pain", "M53.81": "thoracic_pain", "M54.6": "thoracic_pain"}
OTHER = {"G50.0": "trigeminal_neuralgia", "M79.7": "fibromyalgia", "G43.819": "migraine"}
TRIGGER_POINT = ("20552", "20553")
FACET = ("64490", "64491", "64492", "64493", "64494", "64495")
ABLATION = ("64633", "64634", "64635", "64636")
EPIDURAL = (
    *("62320", "62321", "62322", "62323", "62324", "62325", "62326", "62327"),
    *("64479", "64480", "64483", "64484"),
)
CODES = (*TRIGGER_POINT, "64400", "64405", "64450", *FACET, *ABLATION, *EPIDURAL)
LUMBAR = {
    *("64493", "64494", "64495", "64635", "64636"),
    *("62322", "62323", "62326", "62327", "64483", "64484"),
}
PREREQUISITES_MET = {"met_if_prereqs": "met", "review": "review", "not_met": "not_met"}


class Finding(NamedTuple):
    """Outcome, truth of each criterion that was read (None: none was), whether closing the file may refuse it."""

    outcome: str
    truths: Truths | None = None
    closable: bool = False

    @property
    def not_met(self) -> set[str]:
        """The criteria that fail."""
        return {name for name, truth in (self.truths or {}).items() if truth is False}

    @property
    def not_documented(self) -> set[str]:
        """The criteria that stay open."""
        return {name for name, truth in (self.truths or {}).items() if truth is None}


def every(parts: Iterable[Truth]) -> Truth:
    """Kleene and."""
    found = list(parts)
    if any(part is False for part in found):
        return False
    if any(part is None for part in found):
        return None
    return True


def either(parts: Iterable[Truth]) -> Truth:
    """Kleene or."""
    found = list(parts)
    if any(part is True for part in found):
        return True
    if any(part is None for part in found):
        return None
    return False


def opposite(part: Truth) -> Truth:
    """Kleene not."""
    return None if part is None else not part


def at_least_k(k: int, parts: Iterable[Truth]) -> Truth:
    """Met when k are met whatever the open ones turn out to be, not met when the open ones could not make up k."""
    found = list(parts)
    sure = sum(1 for part in found if part is True)
    possible = sum(1 for part in found if part is not False)
    if sure >= k:
        return True
    if possible < k:
        return False
    return None


def reaches(value: int | Decimal | None, least: int | Decimal) -> Truth:
    """value >= least; a least of 0 is reached by every legal value, so that nothing needs to be documented."""
    if least <= 0:
        return True
    if value is None:
        return None
    return value >= least


def months_later(day: datetime.date, months: int) -> datetime.date:
    """The same day of a later month; the end of a month clamps."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def pain_duration(case: Case, levers: Levers) -> Truth:
    """S15, by dates when both are known, else by days."""
    months = levers["pain_duration_months"]
    longer = levers["pain_duration_operator"] == "exceeds"
    if not longer and months == 0:
        return True
    onset, request = case["onset_date"], case["request_date"]
    if onset is not None and request is not None:
        limit = months_later(onset, months)
        return request > limit if longer else request >= limit
    days = case["pain_duration_days"]
    if days is None:
        return None
    limit_in_days = months * 487 // 16  # floor(30.4375 n)
    return days > limit_in_days if longer else days >= limit_in_days


def contraindicated(case: Case, levers: Levers) -> bool:
    """The contraindication stands for the conservative care (weeks, failure and kinds); absent = false."""
    return case["conservative_care_contraindicated"] is True and levers["contraindication_counts_as_met"] == "true"


def conservative_care(case: Case, levers: Levers) -> Truth:
    """S13."""
    if contraindicated(case, levers):
        return True
    long_enough = reaches(case["conservative_care_days"], 7 * levers["conservative_weeks"])
    return every([long_enough, case["conservative_care_failed"]])


def conservative_modalities(case: Case, levers: Levers) -> Truth:
    """S14."""
    if contraindicated(case, levers):
        return True
    kinds = [case["tried_physical_therapy"], case["tried_nsaid"], case["tried_exercise"]]
    return at_least_k(levers["conservative_modalities_min"], kinds)


def spine_gate(case: Case, levers: Levers) -> Truths:
    """Gate G for neck and thoracic pain."""
    return {
        "pain_duration": pain_duration(case, levers),
        "conservative_care": conservative_care(case, levers),
        "conservative_modalities": conservative_modalities(case, levers),
        "function_limited": case["function_limited"],
        "imaging_clear": opposite(case["imaging_other_cause"]),
        "radiculopathy_stated": None if case["radiculopathy"] is None else True,
    }


def general_gate(case: Case, levers: Levers) -> Truths:
    """Gate G for the other diagnoses."""
    if levers["generic_gate_scope"] == "spine_only":
        return {}
    return {
        "pain_duration": pain_duration(case, levers),
        "conservative_care": conservative_care(case, levers),
        "function_limited": case["function_limited"],
    }


def facet_confirmed(case: Case, levers: Levers) -> Truth:
    """K: the first blocks that the policy requires, under its relief rule."""
    required, least, rule = levers["diagnostic_blocks_required"], levers["relief_pct"], levers["relief_rule"]
    if required == 0:
        return True
    done, first, second = case["diagnostic_blocks_done"], case["block_1_relief_pct"], case["block_2_relief_pct"]
    surely_done = done if done is not None else 2 if second is not None else 1 if first is not None else 0
    enough: Truth = True if surely_done >= required else None if done is None else False
    if required == 1:
        return every([enough, reaches(first, least)])
    if rule == "each_block":
        relief = every([reaches(first, least), reaches(second, least)])
    elif rule == "second_only":
        relief = reaches(second, least)
    else:
        lowest = (first or 0) + (second or 0)
        highest = (100 if first is None else first) + (100 if second is None else second)
        relief = True if lowest >= 2 * least else False if highest < 2 * least else None
    return every([enough, relief, case["blocks_comparative"]])


def trial_or_radiculopathy(case: Case) -> Truth:
    """S10; a request that says nothing of a trial is not in one."""
    return either([case["clinical_trial"] is True, case["radiculopathy"]])


def image_guidance(case: Case) -> Truth:
    """S40."""
    return None if case["image_guidance"] is None else case["image_guidance"] in ("fluoroscopy", "ct")


def repeat_limits(case: Case, levers: Levers) -> Truths:
    """S57, S58: whatever of the three levers is on."""
    truths: Truths = {}
    sessions = case["sessions_last_12m"]
    first_request = None if sessions is None else sessions == 0
    if levers["repeat_min_relief_pct"] is not None:
        enough = reaches(case["prior_relief_pct"], levers["repeat_min_relief_pct"])
        truths["repeat_relief"] = either([first_request, enough])
    if levers["repeat_min_weeks"] is not None:
        enough = reaches(case["prior_relief_days"], 7 * levers["repeat_min_weeks"])
        truths["repeat_duration"] = either([first_request, enough])
    if levers["max_sessions_12m"] is not None:
        truths["session_limit"] = None if sessions is None else sessions < levers["max_sessions_12m"]
    return truths


def decide(truths: Truths, then: str) -> Finding:
    """Step 5: one failing criterion decides, one open criterion waits; else what follows."""
    truth = every(truths.values())
    if truth is False:
        return Finding("not_met", truths)
    if truth is None:
        return Finding("pend", truths, closable=True)
    return Finding(then, truths)


def decide_spine(case: Case, levers: Levers, truths: Truths, then: str) -> Finding:
    """Steps 5 to 7 where radiculopathy matters."""
    return decide(truths, levers["radiculopathy_action"] if case["radiculopathy"] is True else then)


def unless_confirmed(otherwise: str, confirmed: Truth, then: str) -> str | None:
    """Step 7 where it hangs on confirmed facet pain: what is not documented could be either; None: it decides."""
    if confirmed is None:
        return otherwise if then == otherwise else None
    return then if confirmed else otherwise


def unless_known(criterion: str, branches: list[Finding]) -> Finding:
    """A switch whose field is missing: one same outcome of every branch is the outcome, else the request waits.

    While it waits, only the criteria that every branch reads are sure to be read.
    """
    one_outcome = len({branch.outcome for branch in branches}) == 1
    waits = not one_outcome or any(branch.closable for branch in branches)
    read = [set(branch.truths or {}) for branch in branches]
    names = set.intersection(*read) if waits else set.union(*read)
    truths = {name: truth for branch in branches for name, truth in (branch.truths or {}).items() if name in names}
    return Finding("pend" if waits else branches[0].outcome, {**truths, criterion: None}, closable=waits)


def known(criterion: str, branch: Finding) -> Finding:
    """A switch whose field is stated."""
    return branch._replace(truths={**(branch.truths or {}), criterion: True})


def spine(case: Case, levers: Levers) -> Finding:
    """Neck and thoracic pain."""
    cpt = case["cpt"]
    stance = levers["axial_spine_stance"]
    gate = {**spine_gate(case, levers), **repeat_limits(case, levers)}
    trial: Truths = {"trial_or_radiculopathy": trial_or_radiculopathy(case)}
    under_stance = trial if stance == "never_outside_trial" else {}
    confirmed = facet_confirmed(case, levers)
    confirmation: Truths = {"facet_confirmed": confirmed}
    other_code = PREREQUISITES_MET[levers["confirmed_facet_other_code"]]
    if levers["diagnostic_blocks_required"] == 0:  # no block is asked for, so none confirms anything
        other_code = "met"
    if cpt == "64400" or cpt in LUMBAR:
        return Finding("mismatch")
    if cpt in ("64405", "64450"):
        if stance == "no_position":
            return Finding("review")
        if cpt == "64405":
            return decide_spine(case, levers, gate | under_stance | confirmation, other_code)
        nerve: Truths = {"nerve_named": True if case["nerve_named"] is True else None}
        return decide_spine(case, levers, gate | under_stance | confirmation | nerve, levers["unmapped_action"])
    if cpt in TRIGGER_POINT:
        truths = gate | {"trigger_points": case["trigger_points_on_exam"]}
        if levers["tpi_is_im_injection"] == "true":
            if stance == "no_position":
                return Finding("review")
            truths |= under_stance
        if levers["tpi_needs_block_confirmation"] == "true":
            truths |= confirmation
        settled = unless_confirmed("met", confirmed, other_code)
        if settled is not None or case["radiculopathy"] is True:
            return decide_spine(case, levers, truths, settled or "")
        finding = decide(truths, "pend")
        if finding.outcome != "pend":
            return finding
        return Finding("pend", {**truths, **confirmation}, closable=True)
    if cpt in ABLATION:
        under_stance = trial if levers["rfa_stance"] == "never_outside_trial" else {}
        truths = gate | under_stance | confirmation | {"image_guidance": image_guidance(case)}
        return decide_spine(case, levers, truths, "met")
    if cpt in EPIDURAL:
        if stance == "no_position":
            return Finding("review")
        return decide_spine(case, levers, {"radicular_pain": case["radiculopathy"]} | under_stance, "met")
    diagnostic, therapeutic = facet_diagnostic(case, levers), facet_therapeutic(case, levers)
    if case["intent"] == "diagnostic":
        return known("facet_intent", diagnostic)
    if case["intent"] == "therapeutic":
        return known("facet_intent", therapeutic)
    return unless_known("facet_intent", [diagnostic, therapeutic])


def facet_therapeutic(case: Case, levers: Levers) -> Finding:
    """Intra-articular: axial pain is refused, radicular pain is step 6."""
    stance = levers["axial_spine_stance"]
    if levers["extrapolate_lumbar"] == "false" or stance == "no_position":
        return Finding("review")
    truths: Truths = {"radicular_pain": case["radiculopathy"]}
    if stance == "never_outside_trial":
        truths["trial_or_radiculopathy"] = trial_or_radiculopathy(case)
    return decide_spine(case, levers, truths, "met")


def facet_diagnostic(case: Case, levers: Levers) -> Finding:
    """Medial branch block, by the number of blocks done before."""
    stance = levers["axial_spine_stance"]
    truths = {**spine_gate(case, levers), **repeat_limits(case, levers), "image_guidance": image_guidance(case)}
    if levers["diagnostic_block_exempt"] == "false":
        if stance == "no_position":
            return Finding("review")
        if stance == "never_outside_trial":
            truths["trial_or_radiculopathy"] = trial_or_radiculopathy(case)
    first_block: Truths = {"first_block_relief": reaches(case["block_1_relief_pct"], levers["relief_pct"])}
    none_done = decide_spine(case, levers, truths, "met")
    one_done = decide_spine(case, levers, truths | first_block, "met")
    two_done = Finding("review")
    done = case["diagnostic_blocks_done"]
    if done is None and case["block_2_relief_pct"] is not None:
        done = 2
    if done is not None:
        return known("block_stage", [none_done, one_done, two_done][done])
    at_least_one = case["block_1_relief_pct"] is not None
    return unless_known("block_stage", [one_done, two_done] if at_least_one else [none_done, one_done, two_done])


def trigeminal(case: Case, levers: Levers) -> Finding:
    """Trigeminal neuralgia."""
    cpt = case["cpt"]
    if cpt in FACET or cpt in ABLATION or cpt in EPIDURAL:
        return Finding("mismatch")
    if cpt in TRIGGER_POINT:
        return Finding("not_met")
    if cpt in ("64405", "64450"):
        return Finding("review")
    truths = general_gate(case, levers) | repeat_limits(case, levers)
    truths["tn_drugs"] = reaches(case["failed_anticonvulsants"], levers["tn_failed_drugs_min"])
    if levers["tn_selection"] == "mri_done":
        truths["tn_mri"] = case["tn_mri_done"]
    if levers["tn_selection"] == "specialist_dx":
        truths["tn_specialist"] = case["tn_specialist_diagnosis"]
    then = PREREQUISITES_MET[levers["insufficient_evidence_action"]]
    if then == "met" and levers["tn_selection"] == "review":
        then = "review"
    return decide(truths, then)


def fibromyalgia(case: Case, levers: Levers) -> Finding:
    """Fibromyalgia."""
    cpt = case["cpt"]
    if cpt in FACET or cpt in ABLATION or cpt in EPIDURAL:
        return Finding("mismatch")
    if cpt not in TRIGGER_POINT:
        return Finding("not_met")
    truths = general_gate(case, levers) | repeat_limits(case, levers)
    truths["fm_drugs"] = reaches(case["failed_fibromyalgia_drugs"], levers["fm_drugs_failed_min"])
    truths["trigger_points"] = case["trigger_points_on_exam"]
    return decide(truths, PREREQUISITES_MET[levers["fm_tpi_with_trigger_points"]])


def migraine(case: Case, levers: Levers) -> Finding:
    """Migraine."""
    cpt = case["cpt"]
    if cpt in FACET or cpt in ABLATION or cpt in EPIDURAL:
        return Finding("mismatch")
    if cpt in TRIGGER_POINT or cpt == "64450":
        return Finding("review")
    truths = general_gate(case, levers) | repeat_limits(case, levers)
    truths["migraine_preventives"] = reaches(case["failed_preventives"], levers["migraine_preventives_failed_min"])
    insufficient = PREREQUISITES_MET[levers["insufficient_evidence_action"]]
    if cpt == "64400":
        return decide(truths, insufficient)

    headache = case["headache_days_per_month"]
    often: Truths = {}
    if levers["headache_days_month_min"] is not None:
        often["headache_days"] = reaches(headache, levers["headache_days_month_min"])
    if levers["g43819_mapping"] == "require_headache_days" and case["dx"] == "G43.819":
        often["headache_days_g43819"] = reaches(headache, 15)
    preventive = decide(truths | often, insufficient)

    acute = decide(truths, PREREQUISITES_MET[levers["gon_acute_action"]])
    if levers["ahs2025_ed_pathway"] == "on":
        site = case["site_of_service"]
        if site is None:
            acute = unless_known("ed_site", [Finding("met"), acute])
        else:
            acute = known("ed_site", Finding("met") if site == "ed" else acute)

    intent = case["intent"]
    if intent not in ("acute", "preventive"):
        if levers["intent_missing_action"] == "pend":
            return unless_known("migraine_intent", [acute, preventive])
        return preventive._replace(truths={**(preventive.truths or {}), "migraine_intent": None})
    return known("migraine_intent", acute if intent == "acute" else preventive)


def before_closing(case: Case, levers: Levers) -> Finding:
    """Steps 1 to 7."""
    dx = case["dx"]
    group = SPINE.get(dx) or OTHER.get(dx) or ("migraine" if dx.startswith("G43.7") else None)
    if group is None or case["cpt"] not in CODES:
        return Finding("out_of_scope")
    if dx == "M53.81" and levers["m5381_mapping"] == "reject_code_mismatch":
        return Finding("pend")
    if dx == "G43.819" and levers["g43819_mapping"] == "pend_for_code":
        return Finding("pend")
    if dx in SPINE:
        return spine(case, levers)
    return {"trigeminal_neuralgia": trigeminal, "fibromyalgia": fibromyalgia, "migraine": migraine}[group](case, levers)


def determine(case: Case, levers: Levers) -> Finding:
    """All eight steps."""
    finding = before_closing(case, levers)
    if finding.closable and finding.outcome == "pend" and levers["undocumented_action"] == "not_met":
        return finding._replace(outcome="not_met")
    return finding

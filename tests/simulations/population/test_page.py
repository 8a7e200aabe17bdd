"""The page of a population: every number has its ground, every fault its line."""

import random
import re
from bisect import bisect_right
from collections.abc import Iterator

import numpy as np
import pytest

from policy.problems import ProblemsFound
from policy.reading.yaml import Node, read_yaml
from simulations import population as populations
from simulations.population import FOLDER, MOST_CASES, generate, load, parse
from simulations.population.random_streams import Streams
from tests.simulations.population.drawing import TEXT, edited


def ungrounded(node: Node, path: str = "", grounded: bool = False) -> Iterator[str]:
    """Numbers of the page that stand under no source, no statements and no assumption with a range."""
    if isinstance(node.value, dict):
        here = node.value
        assumed = "assumption" in here and here["assumption"].value == "true" and "range" in here
        grounded = grounded or "source" in here or "statements" in here or assumed
        for key, child in here.items():
            if key not in ("when", "id", "schema", "statements", "source", "stratum", "share_of"):
                yield from ungrounded(child, f"{path}.{key}", grounded)
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from ungrounded(child, f"{path}.{index}", grounded)
    elif re.fullmatch(r"[\d.]+|\d{4}-\d\d-\d\d", node.value) and not grounded:
        yield path


def pages() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("page", pages())
def test_no_number_without_source_or_assumption(page: str):
    root = read_yaml((FOLDER / page).read_text("utf-8"), page)
    root.value.pop("statements", None)  # those of the page as a whole ground no number
    assert list(ungrounded(root)) == []


def test_the_search_for_ungrounded_numbers_finds_them():
    text = edited("    percent: 20\n    assumption: true\n    range: {percent: [10, 30]}\n", "    percent: 20\n")
    root = read_yaml(text, "page.yaml")
    del root.value["statements"]
    assert list(ungrounded(root)) == [".variables.rural.percent"]
    assert len(list(ungrounded(root))) < len(list(re.finditer(r"percent: \d", text)))


@pytest.mark.parametrize("page", pages())
def test_every_shipped_page_loads_under_its_own_name(page: str):
    assert load(page.removesuffix(".yaml")).id == page.removesuffix(".yaml")
    assert load(FOLDER / page).fingerprint == load(page.removesuffix(".yaml")).fingerprint


def test_the_code_holds_no_share_of_its_own():
    """Every share is on the page: with another page the same code makes other cases."""
    text = edited(
        "{neck_pain: 35, thoracic_pain: 10, trigeminal_neuralgia: 5, fibromyalgia: 15, migraine: 35}",
        "{neck_pain: 0, thoracic_pain: 0, trigeminal_neuralgia: 100, fibromyalgia: 0, migraine: 0}",
    )
    with pytest.raises(ProblemsFound) as found:
        parse(text, "page.yaml")
    assert "is never reached" in str(found.value), "rows for a diagnosis that cannot occur are dead text"
    text = edited(
        "{neck_pain: 35, thoracic_pain: 10, trigeminal_neuralgia: 5, fibromyalgia: 15, migraine: 35}",
        "{neck_pain: 1, thoracic_pain: 1, trigeminal_neuralgia: 96, fibromyalgia: 1, migraine: 1}",
    )
    other = generate(parse(text, "page.yaml"), 2000, 1)
    assert other["dx"].str.match("G50").mean() > 0.9


def test_the_fingerprint_is_of_the_content_not_of_the_layout(spec: populations.Population):
    assert parse(f"# a remark\n{TEXT}\n", "x.yaml").fingerprint == spec.fingerprint
    assert parse(edited("    percent: 20\n", "    percent: 21\n"), "x.yaml").fingerprint != spec.fingerprint
    assert re.fullmatch("[0-9a-f]{64}", spec.fingerprint)


def test_shares_are_whole_numbers_of_the_word_space(spec: populations.Population):
    rural = next(d for d in spec.decisions if d.name == "rural").choice
    assert rural.bounds.tolist() == [2**32 * 80 // 100, 2**32]
    words = np.array([0, (2**32 * 80 // 100 - 1) << 32, (2**32 * 80 // 100) << 32, 2**64 - 1], dtype=np.uint64)
    assert rural.pick(words, {}).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("page", pages())
def test_a_word_picks_the_value_that_its_row_of_the_table_has_there(page: str):
    """By hand, for words at every bound, beside it and anywhere: nothing is rounded, in no row."""
    population, luck = load(FOLDER / page), random.Random(7)
    facts = populations.facts_of(population, 300, 3)
    for choice in (part for d in population.decisions for part in (d.choice, d.documented) if part is not None):
        ends = luck.sample([(int(bound) + beside) % 2**32 for bound in choice.bounds for beside in (-1, 0)], 2)
        highs = [*ends, *(luck.randrange(2**32) for _ in range(298))]
        words = [(high << 32) + luck.randrange(2**32) for high in highs]
        for case, value in enumerate(choice.pick(np.array(words, dtype=np.uint64), facts).tolist()):
            states = [sum((int(facts[n][case]) + 1) * stride for n, stride in one.parents) for one in choice.lookups]
            row = sum(int(one.base[state]) for one, state in zip(choice.lookups, states, strict=True))
            entry = bisect_right(choice.bounds.tolist(), (row << 32) + highs[case])
            lowest, step, count = (int(of[entry]) for of in (choice.lowest, choice.step, choice.count))
            assert value == lowest + step * (words[case] % 2**32 * count >> 32)


def test_a_range_of_values_is_reached_from_end_to_end(spec: populations.Population):
    age = next(d for d in spec.decisions if d.name == "age").choice
    diagnosis = next(d for d in spec.decisions if d.name == "diagnosis")
    words = Streams(1).draw("any", 0, 50_000)
    migraine = np.full(50_000, diagnosis.values.index("migraine"), dtype=np.int32)
    drawn = age.pick(words, {"diagnosis": migraine})
    assert set(drawn.tolist()) == set(range(18, 80))


ROW = "    percent: 20\n    assumption: true\n    range: {percent: [10, 30]}\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("schema: population/1", "schema: population/2", "made by a newer version"),
        ("label: Low facet", "labell: Low facet", "did you mean label"),
        (
            "period:\n  first: 2025-01-01",
            "period:\n  first: 2025-13-01",
            "'2025-13-01' is not a date such as 2026-01-31",
        ),
        ("  last: 2025-12-31", "  last: 2024-12-31", "must end after it begins"),
        ("neck_pain: 35, thoracic_pain: 10, tri", "neck_pain: 36, thoracic_pain: 10, tri", "add up to 101"),
        ("    percent: 20\n", "    percent: 120\n", "above 100"),
        ("    percent: 20\n", "    percent: 2e1\n", "is not a number such as"),
        ("    percent: 20\n", "    percent: -20\n", "is not a number such as"),
        ("    percent: 20\n", "    percent: 20\n    empty: true\n", "needs one of shares, percent, value, empty"),
        (ROW, "    percent: 20\n", "without a source, statements or assumption"),
        (ROW, "    percent: 20\n    assumption: true\n", "an assumption without a range"),
        (ROW, ROW.replace("[10, 30]", "[30, 10]"), "the lower one first"),
        (ROW, ROW.replace("assumption: true\n", "assumption: true\n    source: R99\n"), "R99 is not described"),
        ("  R13: Incidence", "  R12: Unused\n  R13: Incidence", "R12: is cited by nothing"),
        (
            "{when: {intent: acute}, shares",
            "{when: {intend: acute}, shares",
            "depends on intend, .*did you mean intent",
        ),
        (
            "{when: {intent: acute}, shares",
            "{when: {intent: acutely}, shares",
            "is never 'acutely'.*did you mean acute",
        ),
        (
            "when: {sessions_last_12m: 1 to 2}",
            "when: {sessions_last_12m: 1 to 99}",
            "is never '1 to 99'; one of 0 to",
        ),
        (
            "{when: {rural: true}, shares: {0 to 231: 46",
            "{when: {function_limited: true}, shares: {0 to 231: 46",
            "stands below it: move that up",
        ),
        (
            "      - {when: {diligence: low}, shares: {none: 7,",
            "      - {when: {diligence: usual}, shares: {none: 7,",
            "no row for diligence low",
        ),
        (
            "{when: {rural: true, line_of_business: medicaid}, shares: {0 to 231: 40",
            "{when: {}, shares: {0 to 231: 40",
            "is never reached",
        ),
        (
            "{when: {severity: severe}, percent: 99}",
            "{when: {severity: severe}, shares: {often: 99, never: 1}}",
            "'often' is not allowed",
        ),
        ("{office: 68, outpatient: 17, ed: 15}", "{office: 68, outpatients: 17, ed: 15}", "did you mean outpatient"),
        ("18 to 29: 19", "18 to 290: 19", "'18 to 290' is not allowed.*0 to 120"),
        ("18 to 29: 19", "29 to 18: 19", "'29 to 18' is not allowed"),
        (
            "76 to 79: 12, 51 to 74: 4}\n      - when: {first",
            "76 to 79 by 2: 12, 51 to 74: 4}\n      - when: {first",
            "by 2' is not allowed",
        ),
        ("M54.2: 99, M54.12: 1", "M542: 99, M54.12: 1", "'M542' is not allowed"),
        ("    unit: years\n", "", "needs a unit"),
        ("    documented: race_recorded\n", "    documented: race_recordet\n", "no habit.*did you mean race_recorded"),
        ("    documented: race_recorded\n", "", "does not say how often it is documented"),
        ("  nerve_named:\n", "  nerve_name:\n", "no column of the case table.*did you mean nerve_named"),
        ("  nerve_named:\n", "  nerve_named:\n    latent: true\n", "cannot be latent"),
        (
            "  diligence:\n",
            "  onset_date:\n    says: x\n    value: x\n    documented: always\n\n  diligence:\n",
            "is made from the period",
        ),
        (
            "    at_most: pain_duration_days\n",
            "    at_most: pain_duration\n",
            "no number above it.*did you mean pain_duration_days",
        ),
        ("stratum: {dx: M79.7}", "stratum: {dx: M79.9}", "is never 'M79.9'"),
        ("stratum: {dx: M79.7}", "stratum: {dy: M79.7}", "dy: is no variable of the page"),
        ("value: 73,\n    between: [71, 75]", "value: 70,\n    between: [71, 75]", "with the value between them"),
        ("value: 73,\n    between: [71, 75], source: R28", "value: 73, source: R28", "unless its metric is an anchor"),
        ("metric: single_test_ppv, ", "metric: helped, ", "needs tests"),
        ("metric: single_test_ppv, ", "metric: single_test_pv, ", "did you mean single_test_ppv"),
        (
            "stratum: {dx: G50.0}, share_of: {sex: female}",
            "stratum: {dx: G50.0}",
            "needs share_of with the metric share",
        ),
        ("assign: {procedure: facet_ablation,", "assign: {procedure: facet_ablatio,", "did you mean facet_ablation"),
        ("  cut_off: 80\n", "  cut_off: 101\n", "no whole number from 1 to 100"),
        (
            "id: seed_low_prevalence\n",
            "id: seed_low_prevalence\nbased_on: seed_low\n",
            "no other population that ships",
        ),
        ("  diligence:\n", "  diligence:\n  severity:\n", "no value|stands twice"),
        (
            "    says: Lives in a rural county\n",
            "    says: Lives in a rural county\n    sayz: x\n",
            "did you mean says",
        ),
    ],
)
def test_a_fault_of_the_page_is_named_with_its_line(old: str, new: str, told: str):
    text = edited(old, new)
    changed = next(i for i, (a, b) in enumerate(zip(TEXT.split("\n"), text.split("\n"), strict=False), 1) if a != b)
    with pytest.raises(ProblemsFound) as found:
        parse(text, "page.yaml")
    lines = [str(problem) for problem in found.value.problems]
    matching = [line for line in lines if re.search(told, line)]
    assert matching, lines
    line = int(re.match(r"page\.yaml:(\d+): ", matching[0])[1])  # type: ignore[index]
    assert line <= changed + 8, (line, changed, matching[0])
    assert "/" not in matching[0].split(":")[0]


def test_all_faults_come_in_one_pass():
    text = edited("    documented: race_recorded\n", "    documented: race_recordet\n")
    text = text.replace("    unit: years\n", "").replace("{office: 68, outpatient: 17", "{office: 68, outpatients: 17")
    with pytest.raises(ProblemsFound) as found:
        parse(text, "page.yaml")
    told = "\n".join(str(problem) for problem in found.value.problems)
    for part in ("race_recordet", "needs a unit", "outpatients", "race_recorded: is used by no variable"):
        assert part in told
    numbers = [int(str(problem).split(":")[1]) for problem in found.value.problems]
    assert numbers == sorted(numbers)


def test_a_number_under_a_cap_may_be_any_below():
    """Care cannot outlast the pain, so days that no row names occur: a table that forgets them is refused."""
    text = edited("short}, shares: {1 to 13: 13, 14 to 27: 27,", "short}, shares: {20 to 27: 40,")
    row = "      - {when: {procedure: peripheral_block}, percent: 84}\n      - {empty: true}\n"
    assert text.count(row) == 1
    text = text.replace(row, "      - {when: {conservative_care_days: [0, 20 to 364]}, percent: 84}\n")
    with pytest.raises(ProblemsFound, match=r"nerve_named\.rows: has no row for conservative_care_days 1 \["):
        parse(text, "page.yaml")


def test_a_column_left_out_is_missed():
    start, end = TEXT.index("  nerve_named:\n"), TEXT.index("  failed_anticonvulsants:\n")
    with pytest.raises(ProblemsFound, match="do not say how the column nerve_named comes about"):
        parse(TEXT[:start] + TEXT[end:], "page.yaml")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("seed_low_prevalance", "did you mean seed_low_prevalence"),
        ("", "is no population that ships"),
        ("nowhere/at_all.yaml", "cannot be read"),
        ("cases.csv", "no .yaml file"),
    ],
)
def test_an_unknown_population_is_refused(name: str, told: str):
    with pytest.raises(ProblemsFound, match=told):
        load(name)


@pytest.mark.parametrize("size", [0, -1, 1.5, 10.0, True, "100", MOST_CASES + 1, 10**12])
def test_a_size_out_of_bounds_is_refused(spec: populations.Population, size: object):
    with pytest.raises(ProblemsFound, match=r"^size: .*from 1 to 5,000,000"):
        generate(spec, size, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seed", "start", "told"), [(2**70, 0, "seed"), (-1, 0, "seed"), (1, -1, "start"), (1, 10**10, "start")]
)
def test_a_seed_or_start_out_of_bounds_is_refused(spec: populations.Population, seed: int, start: int, told: str):
    with pytest.raises(ProblemsFound, match=f"^{told}: "):
        generate(spec, 1, seed, start=start)


def test_the_last_case_has_ten_digits(spec: populations.Population):
    last = generate(spec, 2, 1, start=10**10 - 3)
    assert list(last["case_id"]) == ["S9999999998", "S9999999999"]

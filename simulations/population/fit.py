"""Finds the shares of the latent model that bring the virtual trial closest to what is published, and writes them.

`python -m simulations.population.fit` prints each figure, published and fitted; `--write` puts the shares between the
marks `# fitted` of the shipped pages, `--check` says whether they stand there already. Nothing is random. Figures that
a page holds out are not seen here (`seen`), so that they can speak against what is found.

The model is a curve of response, as few numbers as will do. A block relieves with log-odds that rise with facet pain
and with the patient's propensity; 80 % is a higher step of the same curve than 50 %. Benefit of an ablation has a curve
of its own over the same two causes. The two curves hold everywhere; how readily a block relieves at all (two numbers,
the second block being the stricter one) belongs to a setting, and the share with facet pain to a pain clinic's region.
Where the published figures leave room, the fit stays near `PRIOR`, which is an assumption.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import click
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from policy.reading.yaml import read_text
from policy.storage.files import save
from simulations.population.loading import load_document
from simulations.population.page import FOLDER, Page, Target
from simulations.statistics.number_format import fixed

CLASSES = ("low", "middle", "high")
SCORES = np.array([-1.0, 0.0, 1.0])
SETTINGS = ("seed", "trial", "neck", "thoracic")
PAGES = {"seed": "seed_low_prevalence", "trial": "trial_10_15", "neck": "pain_clinic_dual_block"}
PAGES["thoracic"] = PAGES["neck"]
# Where the figures leave room: log-odds, and how far (standard deviation) the fit may stray from them.
PRIOR = {
    "propensity": (1.0, 0.5),  # one class more, on relief
    "truth": (4.0, 1.0),  # facet pain, on relief
    "partial": (1.0, 0.3),  # 50 % in place of 80 %
    "benefit": (-1.2, 1.0),
    "benefit_truth": (2.0, 1.0),
    "benefit_propensity": (1.0, 0.5),
} | {f"{which}_{setting}": (-0.5, 1.5) for setting in SETTINGS for which in ("first", "second")}
PRIOR |= {"prevalence_neck": (0.0, 0.5), "prevalence_thoracic": (-0.5, 0.5)}
_MARKED = re.compile(r"( *)# fitted (\w+)\n.*?# end of fitted\n", re.S)

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """The latent model with one value for each name of PRIOR, and the classes and prevalences that the pages fix."""

    values: Mapping[str, float]
    classes: Shares  # share of each propensity class, (3,)
    prevalence: Mapping[str, float]

    def prevalence_of(self, setting: str) -> float:
        """Share of patients with facet pain."""
        fitted = self.values.get(f"prevalence_{setting}")
        return self.prevalence[setting] if fitted is None else float(_share(fitted))

    def relief(self, block: str, setting: str, looser: bool = False) -> Shares:
        """Chance that a block relieves by 80 % (`looser`: by 50 %), (2, 3): facet pain no and yes, then class."""
        odds = self.values[f"{block}_{setting}"] + self.values["propensity"] * SCORES
        odds = odds + (self.values["partial"] if looser else 0.0)
        return _share(np.stack([odds, odds + self.values["truth"]]))

    def benefit(self) -> Shares:
        """Chance that an ablation helps, (2, 3) likewise."""
        odds = self.values["benefit"] + self.values["benefit_propensity"] * SCORES
        return _share(np.stack([odds, odds + self.values["benefit_truth"]]))

    def figure(self, target: Target, setting: str) -> float:
        """A metric of the virtual trial in one setting, in %, in closed form."""
        p = self.prevalence_of(setting)
        patients = np.outer([1 - p, p], self.classes)
        first, second = self.relief("first", setting), self.relief("second", setting)
        arms = {"0": patients, "1": patients * first, "2": patients * first * second}
        one, two = arms["1"].sum(), arms["2"].sum()
        helped = self.benefit()
        arm = arms[target.tests or "0"]
        loose = patients * self.relief("first", setting, looser=True)
        figures = {
            "share": p,
            "dual_positive": two,
            "single_test_false_positive": (one - two) / (1 - two),
            "single_test_ppv": arms["1"][1].sum() / one,
            "dual_test_ppv": arms["2"][1].sum() / two,
            "helped": (arm * helped).sum(),
            "success_per_treatment": (arm * helped).sum() / arm.sum(),
            "cut_off_gain": (arms["1"] * helped).sum() / one - (loose * helped).sum() / loose.sum(),
        }
        return 100 * float(figures[target.metric])


def fit() -> Model:
    """The model closest to the targets of the shipped pages, in units of their intervals, and to PRIOR."""
    pages = seen()
    classes, prevalence = _fixed(pages)
    names = list(PRIOR)
    centre = np.array([PRIOR[name][0] for name in names])
    width = np.array([PRIOR[name][1] for name in names])
    wanted = list(fitted_targets(pages))

    def misfit(point: Shares) -> Shares:
        model = Model(dict(zip(names, point.tolist(), strict=True)), classes, prevalence)
        off = [(model.figure(t, setting) - float(t.value)) / _unit(t) for setting, t in wanted]
        return np.concatenate([off, (point - centre) / width])

    best = least_squares(misfit, centre, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    return Model(dict(zip(names, best.x.tolist(), strict=True)), classes, prevalence)


def seen() -> dict[str, Page]:
    """Setting -> its page as the fit sees it: no figure that is held out, none that was put in."""
    pages = {name: load_document(name).page for name in dict.fromkeys(PAGES.values())}
    for name, page in pages.items():
        fitted = {key: target for key, target in page.targets.items() if target.use == "fitted"}
        pages[name] = page.model_copy(update={"targets": fitted})
    return {setting: pages[PAGES[setting]] for setting in SETTINGS}


def fitted_targets(pages: Mapping[str, Page] | None = None) -> Iterator[tuple[str, Target]]:
    """Setting and target of each figure that the fit aims at."""
    for setting, page in (pages or seen()).items():
        for target in page.targets.values():
            region = target.stratum.get("diagnosis", ())
            if setting not in ("neck", "thoracic") or region == (f"{setting}_pain",):
                yield setting, target


def fitted_rows(model: Model) -> dict[tuple[str, str], list[str]]:
    """(page, variable) -> the fitted rows, as the page has them between the marks."""
    facet = "procedure: [facet_injection, facet_ablation], "
    found = {("seed_low_prevalence", "truth_benefit"): list(_yes(model.benefit(), facet))}
    for page, setting in (("seed_low_prevalence", "seed"), ("trial_10_15", "trial")):
        for block in ("first", "second"):
            found[page, f"{block}_block_response"] = list(_bands(model, block, setting, ""))
    clinic = PAGES["neck"]
    for block in ("first", "second"):
        thoracic = list(_bands(model, block, "thoracic", "diagnosis: thoracic_pain, "))
        found[clinic, f"{block}_block_response"] = thoracic + list(_bands(model, block, "neck", ""))
    found[clinic, "truth_facet_pain"] = [
        f"- {{when: {{diagnosis: {region}_pain}}, percent: {_percent(model.prevalence_of(region))}}}"
        for region in ("neck", "thoracic")
    ]
    return found


def _yes(chances: Shares, also: str) -> Iterator[str]:
    for truth, name in ((1, "truth_facet_pain: true, "), (0, "")):
        for k, level in enumerate(CLASSES):
            when = f"{also}{name}placebo_propensity: {level}"
            yield f"- {{when: {{{when}}}, percent: {_percent(chances[truth, k])}}}"


def _bands(model: Model, block: str, setting: str, also: str) -> Iterator[str]:
    strong, loose = model.relief(block, setting), model.relief(block, setting, looser=True)
    for truth, name in ((1, "truth_facet_pain: true, "), (0, "")):
        for k, level in enumerate(CLASSES):
            most, some = _percent(strong[truth, k]), _percent(loose[truth, k])
            some = max(some, most + Decimal("0.1"))
            shares = f"little: {100 - some}, partial: {some - most}, strong: {most}"
            yield f"- {{when: {{{also}{name}placebo_propensity: {level}}}, shares: {{{shares}}}}}"


def rewritten(text: str, page: str, rows: Mapping[tuple[str, str], list[str]]) -> str:
    """The page with what stands between its marks replaced."""

    def replaced(mark: re.Match[str]) -> str:
        lines = [f"# fitted {mark[2]}", *rows[page, mark[2]], "# end of fitted"]
        return "".join(f"{mark[1]}{line}\n" for line in lines)

    return _MARKED.sub(replaced, text)


def _percent(share: float) -> Decimal:
    """One decimal, and never quite 0 or 100."""
    return min(max(Decimal(fixed(100 * share)), Decimal("0.2")), Decimal("99.8"))


def _share(odds: NDArray[np.float64] | float) -> Shares:
    return np.asarray(1 / (1 + np.exp(-np.asarray(odds))))


def _unit(target: Target) -> float:
    """One standard error, as the interval of 95 % implies it."""
    assert target.between is not None
    return float(target.between[1] - target.between[0]) / 3.92


def _fixed(pages: Mapping[str, Page]) -> tuple[Shares, dict[str, float]]:
    """What the pages fix: the shares of the propensity classes, and the prevalences that are not fitted."""
    classes = pages["seed"].variables["placebo_propensity"].rows[0].shares or {}
    prevalence = {}
    for setting in ("seed", "trial"):
        percent = pages[setting].variables["truth_facet_pain"].rows[0].percent
        prevalence[setting] = float(percent or 0) / 100
    return np.array([float(classes[level]) / 100 for level in CLASSES]), prevalence


@click.command(help=__doc__)
@click.option("--write", is_flag=True, help="Put the shares into the shipped pages.")
@click.option("--check", is_flag=True, help="Exit 1 when a shipped page holds other shares.")
def refit(write: bool, check: bool) -> None:
    model = fit()
    click.echo("setting    published      fitted  agreement      figure")
    for setting, target in fitted_targets():
        assert target.between is not None
        low, high = target.between
        value = model.figure(target, setting)
        verdict = "" if low <= Decimal(f"{value:.6f}") <= high else "  OUTSIDE"
        click.echo(
            f"{setting:9} {target.value:>10} {fixed(value, 2):>11}  {low:>4} to {high:<5}  {target.says}{verdict}"
        )
    for name, fitted in model.values.items():
        click.echo(f"{name:20} {fitted:7.3f}  (prior {PRIOR[name][0]:g} ± {PRIOR[name][1]:g})")
    rows = fitted_rows(model)
    differs = False
    for page in dict.fromkeys(PAGES.values()):
        before = read_text(FOLDER / f"{page}.yaml")
        after = rewritten(before, page, rows)
        differs |= after != before
        if write and after != before:
            save(FOLDER / f"{page}.yaml", after.encode())
        click.echo(f"{page}: {'unchanged' if after == before else 'written' if write else 'would change'}")
    sys.exit(1 if check and differs else 0)


if __name__ == "__main__":
    refit()

"""Populations and their cases, made once for a file of tests."""

import pandas as pd
import pytest

from simulations import population
from simulations.population import calibration, generate, load
from simulations.population.calibration import calibrate
from tests.simulations.population.drawing import NAME, SIZE
from tests.simulations.population.published import NAMES


@pytest.fixture(scope="module")
def spec() -> population.Population:
    return load(NAME)


@pytest.fixture(scope="module")
def frame(spec: population.Population) -> pd.DataFrame:
    return generate(spec, SIZE, 1)


@pytest.fixture(scope="module")
def many(spec: population.Population) -> pd.DataFrame:
    return generate(spec, 150_000, 2)


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, calibration.Found]]:
    return {name: {f.name: f for f in calibrate(population.load(name), 20_000, 1)} for name in NAMES}

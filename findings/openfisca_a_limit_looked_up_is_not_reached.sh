#!/usr/bin/env bash
# openfisca-core 46.0.1: 7.6 >= a limit of 7.6 is true where the limit is one number, and false where it is looked up by the kind of case.
#
# Guessed: both are true. What is compared is the same number of the same parameter file, and a float is Python's, of 64 bits, as the
# parameter is when it is read alone.
# Seen: a variable of type float is stored with 32 bits. One limit is a plain number and is brought down to 32 bits before the
# comparison; limits that are looked up for every person (parameters.limit[kind]) are an array of 64 bits, to which the variable is
# widened, and 7.6 comes back as 7.5999999. Of the values 0.0, 0.1, ... 100.0, 398 are below their own limit and 402 above it.
#
# Why it matters here: this is the engine in which public bodies write eligibility as code. A rule that gets a second kind of patient, the
# limit the same for both, turns two values in five away from "at least" and as many from "at most", at the limit itself. Values that
# are halves, and whole numbers, show nothing. Its documentation names the type "float" and tells neither.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check openfisca-core==46.0.1 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import numpy
from openfisca_core.entities import build_entity
from openfisca_core.indexed_enums import Enum
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import MONTH
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

Person = build_entity(key="person", plural="persons", label="a member", is_person=True)


class Kind(Enum):
    adult = "adult"
    child = "child"


class kind(Variable):
    value_type, possible_values, default_value = Enum, Kind, Kind.adult
    entity, definition_period, label = Person, MONTH, "kind of patient"


class hba1c(Variable):
    value_type, entity, definition_period, label = float, Person, MONTH, "HbA1c in per cent"


def decision(name, rule):
    content = {"value_type": bool, "entity": Person, "definition_period": MONTH, "label": name, "formula": rule}
    return type(name, (Variable,), content)


def limit(person, period, parameters):
    return parameters(period).by_kind[person("kind", period)]


rules = {
    "at_least_alone": lambda person, period, parameters: person("hba1c", period) >= parameters(period).alone,
    "at_least_by_kind": lambda person, period, parameters: person("hba1c", period) >= limit(person, period, parameters),
    "at_most_by_kind": lambda person, period, parameters: person("hba1c", period) <= limit(person, period, parameters),
}


def decide(value):
    system = TaxBenefitSystem([Person])
    system.add_variables(kind, hba1c, *(decision(name, rule) for name, rule in rules.items()))
    number = {"values": {"2020-01-01": value}}
    system.parameters = ParameterNode("", data={"alone": number, "by_kind": {"adult": number, "child": number}})
    simulation = SimulationBuilder().build_default_simulation(system, count=1)
    simulation.set_input("hba1c", "2026-01", numpy.array([value]))
    return {name: bool(simulation.calculate(name, "2026-01")[0]) for name in rules}


print("openfisca-core", version("openfisca-core"))
found = {value: decide(value) for value in (6.5, 7.0, 7.6, 7.7)}
for value, answers in found.items():
    print(value, answers)
assert found[6.5] == found[7.0] == dict.fromkeys(rules, True)
assert found[7.6] == found[7.7] == {"at_least_alone": True, "at_least_by_kind": False, "at_most_by_kind": True}
grid = numpy.arange(1001) / 10
stored = grid.astype(numpy.float32)
print("of 1001 values", int((stored < grid).sum()), "are below their own limit and", int((stored > grid).sum()), "above it")
assert (int((stored < grid).sum()), int((stored > grid).sum())) == (398, 402)
PY

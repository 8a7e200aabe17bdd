#!/usr/bin/env bash
# SpiffWorkflow 3.2.0: the cell "64490","64491" of a DMN table matches neither code, and not("64490") matches none; no error comes with it.
#
# Guessed: a list of values in a cell is "one of these", as in every decision table of DMN, or is refused, as the cell [6..8] is
# ("invalid syntax").
# Seen: a cell is Python that is compared with the input by ==. Two codes with a comma are a tuple, which no code equals; not("64490") is
# False, which no code equals; "64490" or "64491" is its first code. All three are valid Python, so that nothing is said, and the row
# never matches. A single code, and ? in ["64490", "64491"], work.
#
# Why it matters here: lists of procedure codes are what the tables of a coverage policy consist of. One that was drawn in another
# DMN editor is read without complaint and covers nobody, and a row of exclusions excludes nobody.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check SpiffWorkflow==3.2.0 lxml==6.1.0
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

PROCESS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="plan"
 xmlns:spiff="http://spiffworkflow.org/bpmn/schema/1.0/core"><process id="review" isExecutable="true">
 <startEvent id="in"><outgoing>a</outgoing></startEvent><sequenceFlow id="a" sourceRef="in" targetRef="ask"/>
 <businessRuleTask id="ask"><extensionElements><spiff:calledDecisionId>policy</spiff:calledDecisionId></extensionElements>
 <incoming>a</incoming><outgoing>b</outgoing></businessRuleTask><sequenceFlow id="b" sourceRef="ask" targetRef="out"/>
 <endEvent id="out"><incoming>b</incoming></endEvent></process></definitions>"""
TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="plan"><decision id="policy" name="policy">
 <decisionTable id="t" hitPolicy="UNIQUE"><input id="c"><inputExpression id="e"><text>asked</text></inputExpression></input>
 <output id="o" name="result" typeRef="string"/><rule id="r"><inputEntry id="i"><text>{}</text></inputEntry>
 <outputEntry id="a"><text>"covered"</text></outputEntry></rule></decisionTable></decision></definitions>"""


def covered(cell, asked):
    parser = SpiffBpmnParser()
    parser.add_bpmn_xml(etree.fromstring(PROCESS))
    parser.add_dmn_xml(etree.fromstring(TABLE.format(cell)))
    workflow = BpmnWorkflow(parser.get_spec("review"), parser.get_subprocess_specs("review"))
    for task in workflow.get_tasks():
        task.data["asked"] = asked
    workflow.do_engine_steps()
    return "result" in workflow.data


print("SpiffWorkflow", version("SpiffWorkflow"))
expected = {
    '"64490"': (True, False, False),
    '"64490","64491"': (False, False, False),
    'not("64490")': (False, False, False),
    '"64490" or "64491"': (True, False, False),
    '? in ["64490", "64491"]': (True, True, False),
}
for cell, answers in expected.items():
    found = tuple(covered(cell, code) for code in ("64490", "64491", "64493"))
    print(f"{cell:24} for 64490, 64491, 64493:", found)
    assert found == answers
try:
    raise SystemExit(f"[6..8] is read now: {covered('[6..8]', 7)}")
except SpiffWorkflowException as refusal:
    print("[6..8]:", str(refusal).split(".")[0])
PY

#!/usr/bin/env bash
# SpiffWorkflow 3.2.0: a DMN table with PRIORITY, ANY, RULE ORDER or OUTPUT ORDER is read, and answered by the first row; UNIQUE too.
#
# Guessed: a hit policy that the engine does not have is refused when the file is read, as a table with two decisions is; and of two rows
# that match under UNIQUE it says that the table is at fault, as DMN has it.
# Seen: only COLLECT is carried out. All others, also one that DMN does not know, give the row that stands first in the file: under
# PRIORITY although the list of output values puts the other first, under RULE ORDER one answer and no list, under ANY and UNIQUE
# though the rows disagree. No warning comes with it.
#
# Why it matters here: a safe policy is often written as PRIORITY, "pend" before "met". In this engine the order of the rows decides, so that
# the same file approves what another holds back; and overlapping rows, which UNIQUE is chosen to bring to light, stay hidden.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check SpiffWorkflow==3.2.0 lxml==6.1.0
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

PROCESS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="plan"
 xmlns:spiff="http://spiffworkflow.org/bpmn/schema/1.0/core"><process id="review" isExecutable="true">
 <startEvent id="in"><outgoing>a</outgoing></startEvent><sequenceFlow id="a" sourceRef="in" targetRef="ask"/>
 <businessRuleTask id="ask"><extensionElements><spiff:calledDecisionId>policy</spiff:calledDecisionId></extensionElements>
 <incoming>a</incoming><outgoing>b</outgoing></businessRuleTask><sequenceFlow id="b" sourceRef="ask" targetRef="out"/>
 <endEvent id="out"><incoming>b</incoming></endEvent></process></definitions>"""
ROW = "<rule id='r{0}'><inputEntry id='i{0}'><text>&gt;= {0}</text></inputEntry><outputEntry id='o{0}'><text>{1}</text></outputEntry></rule>"
TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="plan"><decision id="policy" name="policy">
 <decisionTable id="t" hitPolicy="{}"><input id="c"><inputExpression id="e" typeRef="number"><text>weeks</text></inputExpression></input>
 <output id="r" name="result" typeRef="string"><outputValues><text>"pend","met"</text></outputValues></output>{}</decisionTable>
 </decision></definitions>"""


def answer(hit_policy, weeks):
    parser = SpiffBpmnParser()
    parser.add_bpmn_xml(etree.fromstring(PROCESS))
    parser.add_dmn_xml(etree.fromstring(TABLE.format(hit_policy, ROW.format(6, '"met"') + ROW.format(4, '"pend"'))))
    workflow = BpmnWorkflow(parser.get_spec("review"), parser.get_subprocess_specs("review"))
    for task in workflow.get_tasks():
        task.data["weeks"] = weeks
    workflow.do_engine_steps()
    return workflow.data.get("result")


print("SpiffWorkflow", version("SpiffWorkflow"))
for hit_policy in ("UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "NONE OF DMN", "COLLECT"):
    found = answer(hit_policy, 8)
    print(f"{hit_policy:12} 8 weeks ->", found)
    assert found == (["met", "pend"] if hit_policy == "COLLECT" else "met")
assert answer("UNIQUE", 5) == "pend" and answer("UNIQUE", 2) is None
PY

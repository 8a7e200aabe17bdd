"""The document that a new policy begins with: nothing but what every policy has."""

_COLUMN = """  {name}:
    label: "{label}"
    ask: "{label}"
    type: {kind}
    required: "true"
    origin: assumption
"""
_COLUMNS = (
    ("case_id", "the id of the request", "text"),
    ("dx", "the diagnosis code", "diagnosis"),
    ("cpt", "the procedure code", "procedure"),
)
BLANK = f"""schema: policy/1
id: blank
version: "2026.1"
title: "Blank"
status: draft
notice: "Synthetic data, policy simulation only, not for individual determinations."

statements: {{}}
evidence: {{}}
references: {{}}
fields:
{"".join(_COLUMN.format(name=name, label=label, kind=kind) for name, label, kind in _COLUMNS)}levers:
  undocumented_action:
    label: "Missing documentation"
    says: "Decides whether a request that waits for documentation stays open or is recommended for refusal."
    default: pend
    choices:
      pend: "it stays open, and the documentation is asked for"
      not_met: "it is recommended for refusal"
    order: [pend, not_met]
    citation: "Every policy has this lever; that requests stay open is an assumption."
    origin: assumption
criteria: {{}}
diagnoses: {{}}
procedures: {{}}
code_notices: []
gates: {{}}
pathways: {{}}
texts: {{}}
open_questions: {{}}
examples: []
"""

"""The command as it is typed, and two requests for it."""

from pathlib import Path

from click.testing import CliRunner, Result

from simulations.cli.command import main

NOTICE = "Synthetic data, policy simulation only, not for individual determinations."
HEADER = (
    "case_id,dx,cpt,pain_duration_days,conservative_care_days,conservative_care_failed,tried_nsaid,function_limited,"
)
HEADER += "imaging_other_cause,radiculopathy,trigger_points_on_exam\n"
MET = "{},M54.2,20553,92,42,true,true,true,false,false,true\n"


def workbook(*words: str | Path) -> Result:
    """One call; an exception that reaches the user is a failure of the test."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result

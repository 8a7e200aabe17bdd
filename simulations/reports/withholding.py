"""Results of which nothing may be told, or rounded counts only, as the cases may be people."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from simulations.reports.html_table import Shown, bullets
from simulations.studies.comparison import Study


def silence(thing: Any) -> str:
    """Why nothing is told of a study, of what was found in one, or of several such; empty where something is."""
    if isinstance(thing, (list, tuple)):
        return silence(thing[0]) if thing else ""
    return getattr(thing, "silent", "")


def unless_silent(show: Callable[..., Shown]) -> Callable[..., Shown]:
    """Shows why nothing is told instead, where that is so; the study, or what was found, is the first argument."""

    @wraps(show)
    def shown(*args: Any, **options: Any) -> Shown:
        why = silence(args[0])
        return bullets([f"{why[0].upper()}{why[1:]}."]) if why else show(*args, **options)

    return shown


def told_about(show: Callable[..., Shown]) -> Callable[..., Shown]:
    """As `unless_silent`, where every setting is one more result to subtract: a study in first place is `about()`."""
    return wraps(show)(lambda study, *args, **options: unless_silent(show)(study.about(), *args, **options))


def roughly(study: Study, said: str) -> str:
    """A share in words: of people 'about' so much, where counts are rounded."""
    return f"about {said}" if study.rough else said

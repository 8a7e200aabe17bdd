"""Which two documents are compared: what was handed over, else the newest draft with its source, else two versions."""

import os
from typing import NamedTuple

from notebooks.desk import Document, draft_from, handed, number_of, opened, own
from policy import Draft
from policy.authoring.draft_files import kept_drafts
from policy.model import Policy
from policy.problems import refuse
from policy.reading.loading import family, outline, shipped
from policy.reading.workspace import SERVED, saved

__all__ = ["HERE", "Side", "first_pair", "policies", "policy_of", "side"]

HERE = "4_compare_versions"


def policies(home: Policy) -> dict[str, str]:
    """Id -> title of every policy that ships or was saved in the workspace, `home` first."""
    ids = {name.partition("@")[0] for name in (*shipped(), *saved("policies"))} - {home.id}
    known = [found for one in sorted(ids) if (found := family(one))]
    return {home.id: home.title} | {one.name: outline(one.versions[-1].file).title for one in known}


def policy_of(key: str, here: str) -> str:
    """The id of the policy that a key of the desk leads to; `here` where it names none, or a draft that is gone."""
    if key.endswith(".json"):
        return next((kept.policy for path, kept in kept_drafts("*").items() if path.name == key), here)
    return key.partition("@")[0] or here


class Side(NamedTuple):
    """A document that is open: its key on the desk, its label, the policy that it is, and whether it is a draft.

    A draft has its source's number, so `short` tells the two apart: 'version 2026.2', 'draft from version 2026.2'.
    """

    key: str
    label: str
    policy: Policy
    draft: bool
    short: str


def side(policy: Policy, document: Document) -> Side:
    """Open a document; ProblemsFound where it is gone, its entries do not agree, or it is another policy."""
    found = opened(policy, document.key)
    draft = isinstance(found, Draft)
    mine = found.policy if isinstance(found, Draft) else found
    if mine.id != policy.id:
        message = f"is a version of {mine.id}; only versions of one policy ({policy.id}) can be compared"
        raise refuse("policy", document.label, message)
    short = draft_from(found.source) if isinstance(found, Draft) else f"version {mine.version}"
    return Side(document.key, document.label, mine, draft, short)


def first_pair(policy: Policy, known: tuple[Document, ...]) -> tuple[str, str]:
    """The keys of before and after to begin with; the same twice where there is one document only.

    Drafts are offered first in Lab only, so that runs elsewhere stay equal.
    """
    keys = [document.key for document in known]
    note = {side: own(policy, key) for side, key in handed(HERE).items()}
    if {note.get("before"), note.get("after")} <= {*keys}:
        return note["before"], note["after"]
    drafts = [document.key for document in known if document.draft] if SERVED in os.environ else []
    for key in drafts:
        found = opened(policy, key)
        source = found.source if isinstance(found, Draft) else ""
        source = "" if source == policy.name else source
        if source in keys:
            return source, key
    versions = sorted((d for d in known if not d.draft), key=lambda d: number_of(d.key or policy.name))
    return versions[-2 if len(versions) > 1 else -1].key, versions[-1].key

"""The one SELECT by which DuckDB works facts out of events: whole numbers only, so its answer hangs on nothing else.

Tables: `asked`, a row for each case and fact (row, key, fact, first, request; days from 1900-01-01): events of first <=
day < request count. `mine` (id of a key, code, day, quantity): the events whose code some fact reads. `matched` (fact,
part, code): the codes that a group of codes takes in. `patterns` (fact, part, code): the codes of the document as
written. `spans` (fact, part, code, key, first, last): where the history of a key is complete for one of those. The
answer: row, fact, value, sure.
"""

from collections.abc import Sequence
from typing import assert_never

from policy.entries.history import CountOfEvents, DaysSinceLast, DistinctGroups, History, LongestRun

TABLES = """
CREATE TABLE events (key VARCHAR, day INTEGER, code VARCHAR, quantity INTEGER);
CREATE TABLE complete (key VARCHAR, code VARCHAR, prefix BOOLEAN, first INTEGER, last INTEGER);
CREATE TABLE patterns (fact INTEGER, part INTEGER, code VARCHAR, prefix BOOLEAN);
"""
# What is the same for all cases: which codes of events are meant, and what the plan says of the document's codes.
READ_ONCE = """
CREATE TABLE matched AS
  SELECT DISTINCT p.fact, p.part, e.code
  FROM patterns p JOIN (SELECT DISTINCT code FROM events) e
  ON e.code = p.code OR (p.prefix AND starts_with(e.code, p.code));
CREATE TABLE keys AS SELECT key, ROW_NUMBER() OVER () AS id FROM (SELECT DISTINCT key FROM events);
CREATE TABLE mine AS
  SELECT k.id, e.code, e.day, e.quantity FROM events e JOIN keys k ON k.key = e.key
  WHERE e.code IN (SELECT code FROM matched);
DROP TABLE events;
CREATE TABLE spans AS
  SELECT DISTINCT p.fact, p.part, p.code, p.prefix, c.key, c.first, c.last
  FROM patterns p JOIN complete c
  ON (c.prefix AND starts_with(p.code, c.code)) OR (NOT c.prefix AND NOT p.prefix AND c.code = p.code);
"""
_KNOWN = "SELECT a.*, k.id FROM asked a JOIN keys k ON k.key = a.key"
_PICKED = "SELECT * FROM mine WHERE id IN (SELECT id FROM known)"
_SEEN = """
  SELECT a.row, a.fact, m.part, a.request, e.day, e.quantity
  FROM known a JOIN matched m ON m.fact = a.fact
  JOIN picked e ON e.id = a.id AND e.code = m.code AND e.day >= a.first AND e.day < a.request
"""
# Keys that the plan names; all others are as '*' is.
_NAMED = "SELECT DISTINCT key FROM asked WHERE key IN (SELECT key FROM spans)"
# Spans of one key that touch or overlap are one; a span of all keys is one of each key.
_JOINED = """
  SELECT key, fact, part, code, prefix, MIN(first) AS first, MAX(last) AS last FROM (
    SELECT *, SUM(begins) OVER (
      PARTITION BY key, fact, part, code, prefix ORDER BY first, last ROWS UNBOUNDED PRECEDING
    ) AS island
    FROM (
      SELECT *, CASE WHEN first <= 1 + MAX(last) OVER (
        PARTITION BY key, fact, part, code, prefix ORDER BY first, last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) THEN 0 ELSE 1 END AS begins
      FROM (
        SELECT s.* FROM spans s WHERE s.key = '*' OR s.key IN (SELECT key FROM named)
        UNION ALL BY NAME
        SELECT s.* EXCLUDE (key), n.key FROM named n JOIN spans s ON s.key = '*'
      )
    )
  ) GROUP BY key, fact, part, code, prefix, island
"""
# The first day from which on all codes of a group are complete up to the request; the request where they are not.
_SINCE = """
  SELECT a.row, a.fact, p.part, a.first, a.request, MAX(COALESCE(j.first, a.request)) AS since
  FROM asked a JOIN patterns p ON p.fact = a.fact
  LEFT JOIN named n ON n.key = a.key
  LEFT JOIN joined j
  ON j.key = COALESCE(n.key, '*') AND j.fact = p.fact AND j.part = p.part AND j.code = p.code AND j.prefix = p.prefix
  AND j.first < a.request AND j.last >= a.request - 1
  GROUP BY ALL
"""


def facts_sql(kinds: Sequence[History]) -> str:
    """The SELECT for the facts of these kinds, in order of fact and row."""
    tables = [("known", _KNOWN), ("picked", _PICKED), ("seen", _SEEN)]
    tables += [("named", _NAMED), ("joined", _JOINED), ("since", _SINCE)]
    parts = [f"SELECT row, {fact} AS fact, value, sure FROM ({_of(kind, fact)})" for fact, kind in enumerate(kinds)]
    named = ", ".join(f"{name} AS MATERIALIZED ({text})" for name, text in tables)
    return f"WITH {named} {' UNION ALL '.join(parts)} ORDER BY fact, row"


def _of(kind: History, fact: int) -> str:
    """row, value and whether it is sure; else it is at least the value."""
    match kind:
        case CountOfEvents():
            what = {"events": "COUNT(*)", "days": "COUNT(DISTINCT day)", "quantity": "SUM(quantity)"}[kind.of]
            return _beside(fact, f"SELECT row, {what} AS value FROM seen WHERE fact = {fact} GROUP BY row")
        case LongestRun():
            return _beside(fact, _longest_run(fact, kind.gap_days))
        case DistinctGroups():
            return f"""
              SELECT w.row, COUNT(t.part) AS value, BOOL_AND(t.part IS NOT NULL OR w.since <= w.first) AS sure
              FROM since w LEFT JOIN (SELECT DISTINCT row, part FROM seen WHERE fact = {fact}) t
              ON t.row = w.row AND t.part = w.part WHERE w.fact = {fact} GROUP BY w.row
            """
        case DaysSinceLast():
            # No event from `since` on: the last one is older. `first` lies the field's max before the request.
            return f"""
              SELECT w.row, w.request - GREATEST(
                COALESCE(l.day, w.first), w.since - CAST(w.since < w.request AS INTEGER), w.first
              ) AS value,
              COALESCE(l.day >= w.since, FALSE) OR w.since <= w.first AS sure
              FROM since w LEFT JOIN (SELECT row, MAX(day) AS day FROM seen WHERE fact = {fact} GROUP BY row) l
              ON l.row = w.row WHERE w.fact = {fact}
            """
        case _:
            assert_never(kind)


def _beside(fact: int, found: str) -> str:
    """A number that is 0 without events, sure where the whole window is complete."""
    return f"""
      SELECT w.row, CAST(COALESCE(f.value, 0) AS BIGINT) AS value, w.since <= w.first AS sure
      FROM since w LEFT JOIN ({found}) f ON f.row = w.row WHERE w.fact = {fact}
    """


def _longest_run(fact: int, gap: int) -> str:
    """Events in order of their days; a run ends where the next event is more than `gap` days after all covered ones."""
    order = "PARTITION BY row ORDER BY day, until ROWS"
    return f"""
      SELECT row, MAX(until - day) AS value FROM (
        SELECT row, run, MIN(day) AS day, MAX(until) AS until FROM (
          SELECT *, SUM(begins) OVER ({order} UNBOUNDED PRECEDING) AS run FROM (
            SELECT *, CASE WHEN day <= {gap} + MAX(until) OVER ({order} BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            THEN 0 ELSE 1 END AS begins
            FROM (SELECT row, day, LEAST(day + quantity, request) AS until FROM seen WHERE fact = {fact})
          )
        ) GROUP BY row, run
      ) GROUP BY row
    """

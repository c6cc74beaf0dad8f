"""How many bookmarks a stream has for its viewer, and of which months."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import Final

from fedimark.database import Row, fetch_one, is_sqlite
from fedimark.policy.visibility import Visibility
from fedimark.text.calendar import first_day_of, month_of_day
from fedimark.timelines.found import Found
from fedimark.timelines.saved import saved, tagged
from fedimark.timelines.stream import PersonStream, TagStream

NEWEST: Final = 500
"""Of a tag's bookmarks, whose months are told; how many there are of each is not kept, and looking costs the more."""
MOST_COUNTED: Final = 10_000
"""Of lists of one person whose amount nobody keeps: they are counted as they are listed, as long as it is no more."""

_DAY = 86_400_000_000
_TALLIED = """
SELECT COALESCE(sum(amount), 0) AS amount FROM tally WHERE owner_id = ? AND tag_id = ? AND visibility >= {least}
"""
# All that is told of months stands in one row: many rows would cost more than what they say.
_OF_MONTHS = """
SELECT COALESCE(sum(amount), 0) AS amount, {packed} AS months FROM tally
WHERE owner_id = ? AND tag_id < 0 AND visibility >= {least} AND amount > 0
"""
_DAYS_OF_TAG = """
SELECT {packed} AS days FROM (
    SELECT t0.saved_at / {day} AS day FROM {where} ORDER BY t0.saved_at DESC, t0.bookmark_id DESC LIMIT ?) s
"""
_DAYS_OF_ARCHIVED = """
SELECT {packed} AS days FROM (SELECT b.saved_at / {day} AS day FROM bookmark b
WHERE b.actor_id = ? AND b.archived AND b.removed_at IS NULL
AND b.visibility >= {least} AND (CAST(? AS BIGINT) = 0 OR EXISTS (
    SELECT 1 FROM bookmark_tag t WHERE t.bookmark_id = b.id AND t.tag_id = ?))) s
"""
_LISTED = "SELECT count(*) AS amount FROM (SELECT 1 AS one FROM {where} LIMIT ?) s"
_OF_HIDDEN = """
SELECT count(*) AS amount FROM block k JOIN bookmark_tag t ON t.actor_id = k.blocked_id
WHERE k.blocker_id = ? AND t.tag_id = ? AND t.listed
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many bookmarks of a stream its viewer may see, None where that is not counted.

    `months` says how many of each month there are, `24222:3 24223:1`, in no order; a month may come twice, and less
    than nothing is to be taken off. Months are those of UTC, counted from January of the year 0.
    """

    amount: int | None = None
    months: str = ""


async def counted(found: Found) -> Counted:
    """Count a stream, under the rule by which it is listed.

    Of everything that a person saved all months are told; with a tag, or of everybody's tag, those of the newest. How
    many are under an owner's other filters, or carry several tags, is looked at, and not told where it is too many.
    """
    if found.is_elsewhere:
        return Counted()
    if len(found.tag_ids) > 1:
        is_of_one = isinstance(found.stream, PersonStream)
        return Counted(None if found.is_hidden else await _listed(found, MOST_COUNTED if is_of_one else NEWEST))
    if isinstance(found.stream, PersonStream) and found.owner:
        if found.stream.only not in ("", "public"):
            return Counted(await _listed(found, MOST_COUNTED))
        return await _of_person(found, found.owner["id"], Visibility.PUBLIC if found.stream.only else found.least)
    if isinstance(found.stream, TagStream) and len(found.tag_ids) == 1:
        amount = await _tallied(0, found.tag_ids[0], Visibility.PUBLIC)
        return Counted(amount - await _hidden(found), await _months_of_tag(found)) if amount else Counted(0)
    return Counted()


async def put_away(found: Found, least: Visibility) -> Counter[int]:
    """How many of an owner's own bookmarks, by month, are archived, which their lists leave out."""
    sql = _DAYS_OF_ARCHIVED.format(packed=_packed("day"), day=_DAY, least=int(least))
    return _months(await fetch_one(sql, found.viewer_id, *(found.tag_ids[:1] or (0,)) * 2))


async def _of_person(found: Found, owner_id: int, least: Visibility) -> Counted:
    if found.tag_ids:
        amount = await _tallied(owner_id, found.tag_ids[0], least)
        months = await _months_of_tag(found) if amount and not found.is_hidden else ""
    else:
        sql = _OF_MONTHS.format(packed=_packed("-tag_id || ':' || amount"), least=int(least))
        row = await fetch_one(sql, owner_id)
        amount, months = (int(row["amount"]), row["months"] or "") if row else (0, "")
    if not amount or not found.is_owner:
        return Counted(amount, "" if found.is_hidden else months)
    away = await put_away(found, least)
    return Counted(amount - away.total(), months + "".join(f" {month}:-{away[month]}" for month in away))


async def _listed(found: Found, most: int) -> int | None:
    """How many bookmarks a stream lists, counted one by one; None where they are more than `most`."""
    where, values = saved(found) if found.owner else tagged(found)
    row = await fetch_one(_LISTED.format(where=where), *values, most + 1)
    return int(row["amount"]) if row and row["amount"] <= most else None


async def _tallied(owner_id: int, tag_id: int, least: Visibility) -> int:
    row = await fetch_one(_TALLIED.format(least=int(least)), owner_id, tag_id)
    return int(row["amount"]) if row else 0


async def _hidden(found: Found) -> int:
    """How many of a tag's bookmarks are of people whom this viewer blocks or mutes."""
    row = await fetch_one(_OF_HIDDEN, found.viewer_id, found.tag_ids[0]) if found.viewer_id else None
    return int(row["amount"]) if row else 0


async def _months_of_tag(found: Found) -> str:
    where, values = tagged(found)
    sql = _DAYS_OF_TAG.format(packed=_packed("day"), day=_DAY, where=where)
    months = _months(await fetch_one(sql, *values, NEWEST))
    return " ".join(f"{month}:{amount}" for month, amount in months.items())


def _packed(what: str) -> str:
    """All values of a column as words of one text."""
    return f"group_concat({what}, ' ')" if is_sqlite() else f"string_agg(CAST({what} AS text), ' ')"


def _months(row: Row | None) -> Counter[int]:
    """How many days, packed in a row, are of each month."""
    days = sorted(map(int, (row["days"] or "").split())) if row else []
    months: Counter[int] = Counter()
    place = 0
    while place < len(days):
        month = month_of_day(days[place])
        after = max(bisect_left(days, first_day_of(month + 1), place), place + 1)
        months[month] += after - place
        place = after
    return months

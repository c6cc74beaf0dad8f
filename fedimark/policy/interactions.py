"""Who may like, reply to, share or quote a bookmark: as its author says, and only where it is everybody's to speak of.

What the author says is kept beside the bookmark as one number, `allows`; 0 is what most say: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache
from typing import Final

from fedimark.database import Row, among, fetch, several
from fedimark.policy.blocks import no_block_between
from fedimark.policy.visibility import Visibility
from fedimark.vocab.interaction import Policy, Rule
from fedimark.vocab.terms import PUBLIC


class Act(IntEnum):
    """What can be done with somebody's bookmark; the number is its place in `allows`."""

    LIKE = 0
    REPLY = 1
    SHARE = 2
    QUOTE = 3
    QUOTE_ASKING = 4  # once the author was asked, and let it


SPEAKING: Final = frozenset({Act.REPLY, Act.QUOTE, Act.QUOTE_ASKING})


class Who(IntEnum):
    """Who may; two bits of `allows`."""

    UNSAID = 0
    EVERYBODY = 1
    FOLLOWERS = 2
    NOBODY = 3


_BITS = 2
_MASK = 3
# Their remarks are quotes, and they know no policies: who says nothing there has nothing against it. (decision 0024)
_REMARKING = frozenset({"betula", "omnom", "ties", "linkblocks"})
# What `acts_of` asks of bookmarks `b`: columns with four parameters, all the viewer, and what they are joined with.
ASKED = f"""
b.allows, b.is_local, b.actor_id, p.software, EXISTS (
    SELECT 1 FROM follow f WHERE f.follower_id = ? AND f.target_id = b.actor_id AND f.state = 'accepted') AS follows,
CASE WHEN b.removed_at IS NULL AND b.visibility >= {int(Visibility.UNLISTED)}
    AND w.gone_at IS NULL AND w.suspended_at IS NULL AND (b.is_local OR w.inbox <> '')
    AND NOT EXISTS (SELECT 1 FROM account c WHERE c.actor_id = ? AND c.privacy_lock)
    AND {no_block_between("CAST(? AS BIGINT)", "b.actor_id")} THEN 1 ELSE 0 END AS is_open
"""
JOINED = """
JOIN actor w ON w.id = b.actor_id LEFT JOIN inbox i ON i.id = w.inbox_id LEFT JOIN peer p ON p.host = i.host
"""


def allows_of(policy: Policy, followers_uri: str) -> int:
    """What an author elsewhere says, as `allows`; `followers_uri` is the collection of their followers.

    Who is named one by one is not told apart from nobody: that says less, never more.
    """
    rules = {Act.LIKE: policy.like, Act.REPLY: policy.reply, Act.SHARE: policy.share, Act.QUOTE: policy.quote}
    allows = 0
    for act, rule in rules.items():
        if rule is not None:
            allows = with_rule(allows, act, _among(rule.at_once, followers_uri))
    if policy.quote is not None:
        allows = with_rule(allows, Act.QUOTE_ASKING, _among(_either(policy.quote), followers_uri))
    return allows


def with_rule(allows: int, act: Act, who: Who) -> int:
    """The same but for one act."""
    place = _BITS * act
    return (allows & ~(_MASK << place)) | (who << place)


def who_may(allows: int, act: Act) -> Who:
    """What an author says of one act."""
    return Who((allows >> (_BITS * act)) & _MASK)


def is_open(allows: int, act: Act, *, follows: bool) -> bool:
    """Whether somebody may, to whom an author said this; silence lets everybody. `follows` is whether they follow."""
    who = who_may(allows, act)
    return who in (Who.UNSAID, Who.EVERYBODY) or (who is Who.FOLLOWERS and follows)


async def may(viewer_id: int, act: Act, bookmark_id: int) -> bool:
    """Whether somebody here may do this with a bookmark of anybody; whether they see it is for the caller to know."""
    return act in (await allowed(viewer_id, [bookmark_id])).get(bookmark_id, frozenset())


async def allowed(viewer_id: int, bookmark_ids: Iterable[int]) -> dict[int, frozenset[Act]]:
    """What somebody here may do with some bookmarks, by id; one statement.

    Nothing with what is for followers alone, private or removed, nor with people on the other side of a block. One's
    own bookmarks one may speak about, but not like or share. Under Privacy Lock nothing at all: it would be said aloud.
    """
    sql = f"SELECT b.id, {ASKED} FROM bookmark b {JOINED} WHERE b.id {among()}"
    rows = await fetch(sql, *[viewer_id] * 4, several(bookmark_ids))
    return {row["id"]: acts for row in rows if (acts := acts_of(row, viewer_id))}


def acts_of(row: Row, viewer_id: int) -> frozenset[Act]:
    """The same of one bookmark, from what was `ASKED`; nothing for strangers."""
    if not viewer_id or not row["is_open"]:
        return frozenset()
    if row["actor_id"] == viewer_id:
        return SPEAKING
    is_remarking = bool(row["is_local"]) or str(row["software"] or "").lower() in _REMARKING
    return _open_acts(row["allows"], bool(row["follows"]), is_remarking)


@lru_cache(maxsize=1_024)  # most authors say the same: nothing
def _open_acts(allows: int, follows: bool, is_remarking: bool) -> frozenset[Act]:
    open_to = {Who.EVERYBODY, Who.FOLLOWERS} if follows else {Who.EVERYBODY}
    return frozenset(act for act in Act if _said(allows, act, is_remarking) in open_to)


def _said(allows: int, act: Act, is_remarking: bool) -> Who:
    """Who may, where nothing is said too: quoting is the one thing that silence does not allow everywhere."""
    who = who_may(allows, act)
    if who is not Who.UNSAID:
        return who
    return Who.EVERYBODY if act not in (Act.QUOTE, Act.QUOTE_ASKING) or is_remarking else Who.NOBODY


def _either(rule: Rule) -> tuple[str, ...]:
    return (*rule.at_once, *rule.asking)


def _among(ids: tuple[str, ...], followers_uri: str) -> Who:
    if PUBLIC in ids:
        return Who.EVERYBODY
    return Who.FOLLOWERS if followers_uri and followers_uri in ids else Who.NOBODY

"""Saving a bookmark, new or again: one transaction with its timelines and what other servers are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from fedimark import addresses
from fedimark.bookmarks import columns, copying, giving, rows, telling, untold, withdrawing
from fedimark.bookmarks.draft import Draft, Owner, visibility_of
from fedimark.bookmarks.owners import hold_owner, hold_saver, holding_saver
from fedimark.bookmarks.publications import end_bookmark, end_publication, respelled, said_anew
from fedimark.bookmarks.together import is_plain, save_new
from fedimark.database import Row, Script, among, ask, atomically, fetch_one, perform, performed, several
from fedimark.errors import NotFound, Taken
from fedimark.here import here, now
from fedimark.outbox.consent import is_spoken
from fedimark.policy.visibility import Visibility, leaves, may_be_passed_on, same_publication
from fedimark.text import urls


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save; `path` is the bookmark's page."""

    public_id: str
    path: str
    is_new: bool


Fate: TypeAlias = Literal["new", "known", "changed"]
"""What a row of a batch did: known ones were there to the letter."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one draft of a batch: its row now, and as it was before where it was there."""

    fate: Fate
    row: Row
    before: Row | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What is to stand where something stood. `is_patient`: a publication that it makes private ends a little later."""

    draft: Draft
    is_patient: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a batch, in its order."""

    outcomes: tuple[Outcome, ...] = ()

    @property
    def new(self) -> int:
        """How many were new."""
        return self._count("new")

    @property
    def known(self) -> int:
        """How many were there to the letter."""
        return self._count("known")

    @property
    def changed(self) -> int:
        """How many were there in other words."""
        return self._count("changed")

    def _count(self, fate: Fate) -> int:
        return sum(each.fate == fate for each in self.outcomes)


def as_it_is(draft: Draft, _before: Row | None) -> Draft:
    """What a batch takes of a draft whose file leaves nothing to settle."""
    return draft


Look: TypeAlias = Callable[[], Awaitable[Row | None]]


async def save_bookmark(owner: Owner, draft: Draft, source: Mapping[str, Any] = MappingProxyType({})) -> Saved:
    """Save a draft as the owner's; the same exact URL saved before is replaced (and comes back if just removed).

    `source` is what is known of where it is from, as `copying.named` says it; else the draft is believed. Raises Gone
    when the account has left meanwhile.
    """

    new = None if source else await _saved_new(owner, draft)
    if new is not None:
        return new

    async def work() -> Saved:
        held = await hold_saver(owner)
        before = await _by_url(owner, draft.url)
        row = await _written(held, draft, before, source)
        return _as_saved(owner, row, is_new=before is None)

    saved = await atomically(work)
    here().wake.set()
    return saved


async def save_first(owner: Owner, draft: Draft) -> Saved | None:
    """Save a draft of a page that its owner has not; None where they have it, by whatever URL, or it is a copy or given
    to somebody: then nothing is saved.

    So nobody has to look first who wants to ask about what is there. Raises as `save_bookmark`.
    """
    return await _saved_new(owner, draft, rows.page_named(draft.url)[0])


async def _saved_new(owner: Owner, draft: Draft, page: str = "") -> Saved | None:
    new = await save_new(owner, draft, page) if is_plain(draft) else None
    if new is None:
        return None
    here().wake.set()
    return _as_saved(owner, new, is_new=True)


async def edit_bookmark(owner: Owner, public_id: str, draft: Draft) -> Saved:
    """Replace one bookmark by a draft, whose URL may differ; its moment stays.

    Raises NotFound, and Taken for the field `url` when the owner has another bookmark of that exact URL.
    """

    async def work() -> Saved:
        held = await hold_owner(owner)
        before = await fetch_one(_OWN, owner.actor_id, public_id)
        if before is None:
            raise NotFound
        other = await _by_url(owner, draft.url)
        if other is not None and other["id"] != before["id"]:
            if other["removed_at"] is None:
                raise Taken("You have another bookmark of this address.", field="url")
            await end_bookmark(owner, other)
        row = await _written(held, draft, before)
        return _as_saved(owner, row, is_new=False)

    saved = await atomically(work)
    here().wake.set()
    return saved


async def rewrite_bookmark(owner: Owner, look: Look, written: Callable[[Row | None], Rewrite]) -> tuple[Row, bool]:
    """Save what a program said of some fields over what stands there; returns the row, and whether it is new.

    `look` finds the live bookmark that is meant, once the owner is held, or None where a new one is; `written` makes of
    it what is to stand there, so that of two who write at once neither undoes what the other said. Raises what `look`
    and `written` raise, and Taken for the field `url`.
    """

    async def work() -> tuple[Row, bool]:
        held = await hold_owner(owner)
        before = await look()
        to_be = written(before)
        other = await _by_url(owner, to_be.draft.url)
        if before is None:
            before = other  # one that can still come back, if any
        elif other is not None and other["id"] != before["id"]:
            if other["removed_at"] is None:
                raise Taken("A bookmark with this URL already exists.", field="url")
            await end_bookmark(owner, other)
        if before is None:
            held = await hold_saver(owner)
        row = await _written(held, to_be.draft, before, is_patient=to_be.is_patient)
        return row, before is None or before["removed_at"] is not None

    saved = await atomically(work)
    here().wake.set()
    return saved


async def edit_held(owner: Owner, before: Row, draft: Draft) -> Row:
    """Replace one bookmark by a draft of the same URL, inside `write()`, its owner held; returns its row as it is now.

    Other servers are told as of any edit, but that what is made private ends as a publication ten minutes later: one
    of many is soon hidden by mistake, and many cannot be told one by one. (withdrawing)
    """
    return await _written(owner, draft, before, is_patient=True)


@dataclass(frozen=True, slots=True)
class Batch:
    """Drafts of a file; `lines`, each of them as a new bookmark of its owner's, or none: they are made as needed.

    `settle` is told the row that is there already, if any, and says what is to be saved; `put` writes what is new.
    """

    owner: Owner
    drafts: Sequence[Draft]
    settle: Callable[[Draft, Row | None], Draft] = as_it_is
    lines: Sequence[Row] = ()
    put: Callable[[Sequence[Row]], Script[list[Row]]] = rows.putting


def made_ready(batch: Batch) -> Batch:
    """A batch that is expected to be new, with all made of it that can be while the one before it is written."""
    rows.look_at_pages(draft.url for draft in batch.drafts)
    lines = [rows.whole(columns.new(batch.owner, batch.settle(draft, None))) for draft in batch.drafts]
    return replace(batch, lines=lines)


async def save_many(owner: Owner, drafts: Sequence[Draft]) -> Imported:
    """Save drafts as they are in one transaction, as `save_batch` does."""
    return await save_batch(Batch(owner, drafts))


async def save_batch(batch: Batch) -> Imported:
    """Save a batch from a file in one transaction, with the original moments and nothing said to other servers.

    A file that knows nothing of stars, private notes or visibility takes none away from a bookmark already here.
    """
    saved = await performed(lambda: saving_what_is_new(batch))
    return saved if saved is not None else await atomically(lambda: save_each(batch))


def saving_what_is_new(batch: Batch) -> Script[Imported | None]:
    """The same in a script, where what is there already is there to the letter; else None, and nothing is written.

    Also None where one is twice in the batch, or names another bookmark as its source.
    """
    held, hashes, have = yield from _looked_at(batch)
    known: list[Outcome | None] = []
    fresh: dict[str, int] = {}
    for place, (md5, draft) in enumerate(zip(hashes, batch.drafts, strict=True)):
        before = have.get(md5)
        if before is not None and _is_said(before, _values(held, _settled(batch, draft, before), before)):
            known.append(Outcome("known", before, before))
        elif before is None and not draft.source and md5 not in fresh:
            known.append(None)
            fresh[md5] = place
        else:
            return None
    new = iter((yield from batch.put(columns.as_of_now([_line(batch, held, place) for place in fresh.values()]))))
    return Imported(tuple(outcome or Outcome("new", next(new)) for outcome in known))


async def save_each(batch: Batch) -> Imported:
    """The same as `save_batch` whatever is there, inside `write()`."""
    held, hashes, have = await perform(_looked_at(batch))
    fresh: dict[str, Row] = {}
    for place, (md5, draft) in enumerate(zip(hashes, batch.drafts, strict=True)):
        if md5 not in have and md5 not in fresh:
            fresh[md5] = _line(batch, held, place) | (
                await copying.provenance(batch.owner, draft) if draft.source else {}
            )
    written = await perform(batch.put(columns.as_of_now(fresh.values())))
    have |= {row["url_md5"]: row for row in written}
    outcomes = []
    for md5, draft in zip(hashes, batch.drafts, strict=True):
        before = have[md5]
        if fresh.pop(md5, None) is not None:
            outcomes.append(Outcome("new", before))
            continue
        row, touched = await _saved(held, _settled(batch, draft, before), before)
        if touched and before["public_id"] == row["public_id"]:
            await respelled(batch.owner, before, row)
        have[md5] = row
        outcomes.append(Outcome("changed" if touched else "known", row, before))
    return Imported(tuple(outcomes))


def _looked_at(batch: Batch) -> Script[tuple[Owner, list[str], dict[str, Row]]]:
    """The owner, held, the md5 of each draft, and what is there already by its md5."""
    held = yield from holding_saver(batch.owner)
    hashes = [line["url_md5"] for line in batch.lines] or [urls.md5(draft.url) for draft in batch.drafts]
    sql = f"SELECT * FROM bookmark WHERE actor_id = ? AND is_local AND url_md5 {among('text')}"
    have = {row["url_md5"]: row for row in (yield from ask(sql, held.actor_id, several(hashes)))}
    return held, hashes, have


def _line(batch: Batch, held: Owner, place: int) -> Row:
    """A draft as a new bookmark."""
    # Somebody may have closed the Privacy Lock meanwhile.
    if batch.lines and held == batch.owner:
        return batch.lines[place]
    return columns.new(held, batch.settle(batch.drafts[place], None))


def _settled(batch: Batch, draft: Draft, before: Row) -> Draft:
    return _kept(batch.settle(draft, before), before)


def _kept(draft: Draft, before: Row) -> Draft:
    marks = (
        draft.starred or bool(before["starred"]),
        draft.archived or bool(before["archived"]),
        draft.private_note or before["private_note"],
    )
    if marks == (draft.starred, draft.archived, draft.private_note):
        return draft
    return replace(draft, starred=marks[0], archived=marks[1], private_note=marks[2])


_OWN = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL"


async def _by_url(owner: Owner, url: str) -> Row | None:
    sql = "SELECT * FROM bookmark WHERE actor_id = ? AND is_local AND url_md5 = ?"
    return await fetch_one(sql, owner.actor_id, urls.md5(url))


async def _written(
    owner: Owner,
    draft: Draft,
    before: Row | None,
    source: Mapping[str, Any] = MappingProxyType({}),
    *,
    is_patient: bool = False,
) -> Row:
    """Write a draft over a row or as a new one, and let others be told; returns the row."""
    spoken = None
    if before is not None and not leaves(Visibility(before["visibility"])):
        after = visibility_of(draft, owner, Visibility(before["visibility"]))
        spoken = await withdrawing.taken_back(owner, before, after) if leaves(after) else None
    row, _ = await _saved(owner, draft, before, source, is_patient=is_patient)
    await giving.given(owner, before, row)
    if may_be_passed_on(Visibility(row["visibility"])):
        await telling.copied([row])
    await said_anew(owner, spoken or before, row)
    if spoken is not None:  # what was changed while it was private
        await untold.changed(row)
    return row


async def _saved(
    owner: Owner,
    draft: Draft,
    before: Row | None,
    source: Mapping[str, Any] = MappingProxyType({}),
    *,
    is_patient: bool = False,
) -> tuple[Row, bool]:
    """Write a draft over a row or as a new one; returns the row and whether anything changed."""
    if before is None:
        return await rows.put({**columns.new(owner, draft), **(source or await copying.provenance(owner, draft))}), True
    values = _values(owner, draft, before)
    if _is_said(before, values):
        return before, False
    visibility = Visibility(values["visibility"])
    if before["removed_at"] is not None:
        values |= source or await copying.provenance(owner, draft)
    values |= {"updated_at": max(now(), before["updated_at"] + 1), "removed_at": None}
    if values["url"] != before["url"]:
        values["link_id"] = await rows.link_id_of(draft.url)
    kept = same_publication(Visibility(before["visibility"]), visibility) and urls.federable(draft.url)
    if is_spoken(before) and not kept:
        is_put_off = is_patient and not leaves(visibility) and await withdrawing.put_off(owner, before)
        if not is_put_off:
            await end_publication(owner, before)
            values["public_id"] = here().new_id()
    return await rows.change(before, values), True


def _values(owner: Owner, draft: Draft, before: Row) -> dict[str, Any]:
    """What a draft says over a row, as columns."""
    values = columns.said(draft, visibility_of(draft, owner, Visibility(before["visibility"])))
    if draft.saved_at is not None:
        values["saved_at"] = columns.moment(draft, now())
    return values


def _is_said(before: Row, values: Mapping[str, Any]) -> bool:
    """Whether a row says just that already."""
    return before["removed_at"] is None and all(before[name] == value for name, value in values.items())


def _as_saved(owner: Owner, row: Row, *, is_new: bool) -> Saved:
    return Saved(row["public_id"], addresses.bookmark(owner.username, row["public_id"]), is_new)

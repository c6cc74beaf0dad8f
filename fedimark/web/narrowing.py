"""How a network page is narrowed: by its address for this once, else as its reader let us remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from fedimark import addresses
from fedimark.database import Row
from fedimark.doorway.forms import SentForm
from fedimark.errors import FedimarkError, NotFound
from fedimark.follows import lists
from fedimark.follows.lists import Choice
from fedimark.follows.request import followed as whom
from fedimark.here import here
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer
from fedimark.text import tags
from fedimark.timelines.stream import NetworkStream
from fedimark.web.values.network import Narrowing
from fedimark.web.values.page import Crumb, Empty, Filter, Heading

FIELDS = ("narrowed", "no_shares", "no_notes", "unread", "tag", "from")
_WORDS = (("only_unread", _("unread")), ("hides_shares", _("no shares")), ("only_saves", _("bookmarks only")))
_NOBODY = Empty(
    _("Quiet so far"),
    _("Follow somebody by their handle, on any server; what they save appears here, merged with your own."),
    Crumb(_("See what others save"), "/recent"),
    Crumb(_("Import bookmarks"), "/settings/import"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a network page shows now, and what is remembered of it."""

    public_id: str
    name: str
    choice: Choice
    kept: Choice
    stream: NetworkStream
    person: str

    def heading(self, follows: int) -> Heading:
        """Its name, through how many it is seen, and the words that change what it shows."""
        network = Crumb(_("Your network"), "/network" if self.public_id else "")
        crumbs = (network, Crumb(self.name)) if self.public_id else (network,)
        filters = [Filter(_("all"), self.href(Choice()), self.choice == Choice())]
        for name, word in _WORDS:
            is_on = getattr(self.choice, name)
            turned: dict[str, Any] = {name: not is_on}
            filters.append(Filter(word, self.href(replace(self.choice, **turned)), is_on))
        return Heading(crumbs, None, tuple(filters), follows=follows)

    def narrowing(self) -> Narrowing:
        """What the forms beside the list say."""
        fields = tuple((name, value) for name, value in _fields(self.choice).items() if value)
        return Narrowing(
            self.public_id,
            self.choice.tag,
            self.choice.who,
            self.person,
            fields,
            is_remembered=self.choice == self.kept,
            marks_read=self.choice.only_unread,
            without_tag=self.href(replace(self.choice, tag="")),
            without_who=self.href(replace(self.choice, who="")),
            action=addresses.network_list(self.public_id),
        )

    def href(self, choice: Choice) -> str:
        """Where the same is shown with another choice."""
        where = addresses.network_list(self.public_id)
        return where if choice == self.kept else f"{where}?{urlencode({'narrowed': 'yes'} | _fields(choice))}"

    def empty(self) -> Empty:
        """What stands where nothing passes."""
        if self.stream.is_whole:
            return _NOBODY
        if self.public_id and self.choice == Choice():
            text = _("Put people on this list whom you follow: what they save appears here.")
            who = Crumb(_("Who is on it"), f"{addresses.network_list(self.public_id)}/edit")
            return Empty(_("Nobody has saved anything yet"), text, who)
        if self.choice.only_unread:
            return Empty(
                _("All read"), _("Nothing new since you marked this as read that you have not saved yourself.")
            )
        return Empty(_("Nothing passes"), _("Nothing that came to you is like this. Choose “all” to see everything."))


async def chosen(request: Request, viewer: Viewer, public_id: str, rows: Sequence[Row]) -> Shown:
    """What to show of a list, or of the whole network; `rows` are `lists.every`. Raises NotFound."""
    row: Mapping[str, object] = next((row for row in rows if row["public_id"] == public_id), {})
    if public_id and not row:
        raise NotFound
    from_id = row.get("from_id")
    remembered = await lists.named(from_id) if isinstance(from_id, int) else None
    kept = Choice(
        hides_shares=bool(row.get("hides_shares")),
        only_saves=bool(row.get("only_saves")),
        only_unread=bool(row.get("only_unread")),
        tag=str(row.get("tag", "")),
        who=_name(remembered),
    )
    choice = _asked(request, kept)
    person = remembered if choice.who == kept.who else await _followed(viewer, choice.who)
    shown = NetworkStream(
        list_id=int(str(row["id"])) if public_id else 0,
        from_id=person["id"] if person else 0,
        tag=choice.tag,
        unread_since=int(str(row.get("read_at", 0))) if choice.only_unread else None,
        hides_shares=choice.hides_shares,
        only_saves=choice.only_saves,
    )
    return Shown(public_id, str(row.get("name", "")), choice, kept, shown, _shown_name(person))


def _asked(request: Request, kept: Choice) -> Choice:
    """What the address asks for, else what is remembered."""
    asked = request.query_params
    if request.method == "POST":
        return kept
    if "narrowed" in asked:
        kept = _flags(asked)
    tag = tags.key(asked.get("tag", kept.tag).strip().removeprefix("#"))
    if tag and (len(tag) > tags.TAG_LIMIT or not tag.strip(".")):
        raise NotFound
    return replace(kept, tag=tag, who=asked.get("from", kept.who).strip())


def sent(typed: SentForm) -> Choice:
    """What a form wants remembered."""
    return replace(_flags(typed), tag=typed.text("tag"), who=typed.text("from"))


def _flags(told: Mapping[str, str]) -> Choice:
    is_on = {name: told.get(name) == "yes" for name in ("no_shares", "no_notes", "unread")}
    return Choice(is_on["no_shares"], is_on["no_notes"], is_on["unread"])


def _fields(choice: Choice) -> dict[str, str]:
    """A choice as an address and a form say it."""
    flags = {"no_shares": choice.hides_shares, "no_notes": choice.only_saves, "unread": choice.only_unread}
    texts = {name: value for name, value in (("tag", choice.tag), ("from", choice.who)) if value}
    return {name: "yes" for name, on in flags.items() if on} | texts


async def _followed(viewer: Viewer, who: str) -> Row | None:
    """Whom an address names; raises NotFound for who is not followed."""
    if not who:
        return None
    try:
        person = await whom(viewer.actor_id, who)
    except FedimarkError:
        person = None
    if person is None:
        raise NotFound
    return person


def _name(row: Row | None) -> str:
    """How a form names somebody followed."""
    if row is None:
        return ""
    if row["tag_id"] is not None or row["kind"] not in ("Person", "Organization"):
        return str(row["uri"] or row["url"])
    return f"{row['username']}@{row['host'] or here().settings.handles_at}"


def _shown_name(row: Row | None) -> str:
    if row is None:
        return ""
    return str(row["name"]) if row["kind"] not in ("Person", "Organization") else f"@{_name(row)}"

"""What a client of linkding says of a bookmark, laid over what stands there: what it does not say stays."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fedimark.accounts.tokens import Scope
from fedimark.api.linkding.asked import Fields, flag_of, moment_of, needed, tags_of, text_of
from fedimark.bookmarks.dialects import visibility_said
from fedimark.bookmarks.draft import Draft, Owner, read_draft
from fedimark.bookmarks.save import Rewrite
from fedimark.database import Row
from fedimark.policy.visibility import Visibility
from fedimark.remote.pages import PageRead


@dataclass(frozen=True, slots=True)
class Said:
    """The fields that were sent; None: nothing was said. `is_alone`: `shared` and nothing else."""

    url: str | None = None
    title: str | None = None
    description: str | None = None
    notes: str | None = None
    tags: str | None = None
    is_archived: bool | None = None
    unread: bool | None = None
    shared: bool | None = None
    date_added: int | None = None
    is_alone: bool = False

    @classmethod
    def read(cls, fields: Fields, *, is_new: bool) -> Said:
        """Read what was sent; `is_new` must name a URL. Raises Refused for the field."""
        moment_of(fields, "date_modified")  # is looked at, and then is ours to say: others are told when it changed
        url = needed(fields, "url") if is_new or "url" in fields else None
        return cls(
            url=url,
            title=text_of(fields, "title"),
            description=text_of(fields, "description"),
            notes=text_of(fields, "notes"),
            tags=tags_of(fields),
            is_archived=flag_of(fields, "is_archived"),
            unread=flag_of(fields, "unread"),
            shared=flag_of(fields, "shared"),
            date_added=moment_of(fields, "date_added"),
            is_alone=set(fields) <= {"shared"},
        )

    def lacks_words(self, before: Row | None) -> bool:
        """Whether a title or a description would be missing, saved over `before`, None for nothing."""
        return not all(self._words(before))

    def worded(self, words: PageRead | None, before: Row | None) -> Said:
        """The same with what its page says of itself, where words would be missing; None: the page said nothing."""
        if words is None:
            return self
        title, description = self._words(before)
        return replace(
            self,
            title=self.title if title else words.title or self.title,
            description=self.description if description else words.description or self.description,
        )

    def _words(self, before: Row | None) -> tuple[str, str]:
        title, description = (before["title"], before["description"]) if before else ("", "")
        if before and title == before["url"][:255]:
            title = ""  # where nobody gave one, the address stands for it
        return (
            title if self.title is None else self.title.strip(),
            description if self.description is None else self.description.strip(),
        )

    def over(self, before: Row | None, owner: Owner, scopes: Scope) -> Rewrite:
        """What is to stand where `before` stands, None for nothing.

        A client that sends `shared: false` beside other fields mostly does not mean it: what is shown stays so unless
        its key may hide. Raises Refused for the field.
        """
        may_hide = self.is_alone or Scope.VISIBILITY in scopes
        draft = self._new() if before is None else self._changed(before)
        reach = None if before is None else Visibility(before["visibility"])
        visibility = visibility_said(self.shared, reach, owner, draft.url, may_hide=may_hide)
        return Rewrite(replace(draft, visibility=visibility), is_patient=True)

    def _new(self) -> Draft:
        return read_draft(
            url=self.url or "",
            title=self.title or "",
            description=self.description or "",
            tag_text=self.tags or "",
            to_read=bool(self.unread),
            archived=bool(self.is_archived),
            private_note=self.notes or "",
            saved_at=self.date_added,
        )

    def _changed(self, before: Row) -> Draft:
        return read_draft(
            url=self.url or before["url"],
            title=before["title"] if self.title is None else self.title,
            description=before["description"] if self.description is None else self.description,
            tag_text=before["tags"] if self.tags is None else self.tags,
            to_read=bool(before["to_read"]) if self.unread is None else self.unread,
            starred=bool(before["starred"]),
            archived=bool(before["archived"]) if self.is_archived is None else self.is_archived,
            private_note=before["private_note"] if self.notes is None else self.notes,
            saved_at=self.date_added,
        )

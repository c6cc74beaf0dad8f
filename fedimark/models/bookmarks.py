"""Links, bookmarks (local and remote in one table), tags, and what is counted of them."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Link(Table):
    """A page somebody saved: one row for each address under which saves meet. (text.works.page_of)"""

    id = column.BigIntField(primary_key=True)
    hash = column.CharField(max_length=40, unique=True)  # text.urls.link_hash(canonical)
    canonical = column.TextField()
    canonical_version = column.SmallIntField()  # text.works.PAGES_VERSION; older: its bookmarks may belong elsewhere
    alias_id = column.BigIntField(null=True)  # another link that is the same page, as the page itself says
    root_id = column.BigIntField(null=True, db_index=True)  # where aliases of aliases lead: there bookmarks hang
    alias_why = column.CharField(max_length=10, null=True)  # remote.aliases, bookmarks.links; of a root: `apart`
    host = column.CharField(max_length=255, default="")
    savers = column.IntField(default=0)  # listed bookmarks; what everybody may count
    sites = column.IntField(default=0, db_default=0)  # how many sites these savers are of
    title = column.TextField(default="", db_default="")  # as the page calls itself; empty: not known
    look_at = column.BigIntField(null=True)  # when the page is to be read; none: it need not be
    looked_at = column.BigIntField(null=True)  # when it was

    class Meta:
        """Looked up by hash, and by the worker by version; those to be read have a partial index."""

        table = "link"
        indexes = (("canonical_version", "id"),)


class Bookmark(Table):
    """One saver's record of a link.

    `url` is exactly as given and `url_md5` Pinboard's hash of it; one live row per local saver and exact URL (a
    partial unique index). `tags` holds the tags as typed, in order, between single spaces; BookmarkTag is the index
    made from it. `removed_at` hides at once and waits for the undo to run out.
    """

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    link_id = column.BigIntField()
    public_id = column.CharField(max_length=13, null=True, unique=True)  # of this server's; a publication's id for ever
    uri = column.TextField(null=True)  # of remote ones
    uri_hash = column.CharField(max_length=40, null=True, unique=True)
    page_url = column.TextField(default="")  # where a remote one can be read
    is_local = column.BooleanField()
    url = column.TextField()
    url_md5 = column.CharField(max_length=32)
    title = column.TextField(default="")
    description = column.TextField(default="")  # plain text, public words
    private_note = column.TextField(default="")  # Markdown that never leaves
    tags = column.TextField(default="")
    visibility = column.SmallIntField()
    listed = column.BooleanField(default=False)  # policy.visibility.is_listed, kept beside the row for its indexes
    via = column.TextField(default="", db_default="")  # the id of the bookmark it was copied from
    via_hash = column.CharField(max_length=40, null=True, db_index=True)  # addresses.uri_hash(via)
    via_author = column.TextField(default="", db_default="")  # of people here: the id of whose that is
    via_name = column.TextField(default="", db_default="")  # and their handle then, `@bo@marks.example`
    allows = column.SmallIntField(default=0, db_default=0)  # what others may do with it (policy.interactions)
    is_save = column.BooleanField(default=True)  # False for a note of elsewhere that only mentions the page
    to_read = column.BooleanField(default=False)
    starred = column.BooleanField(default=False)
    archived = column.BooleanField(default=False)
    saved_at = column.BigIntField()
    updated_at = column.BigIntField()
    removed_at = column.BigIntField(null=True)

    class Meta:
        """More indexes, partial ones, stand in the first migration."""

        table = "bookmark"
        indexes = (("actor_id", "saved_at", "id"), ("link_id", "saved_at"), ("actor_id", "link_id"))


class Trace(Table):
    """A change of a local bookmark that its `updated_at` does not tell: it went, came back, or got a mark.

    Programs that keep a copy ask by moment; whether the bookmark lives now, its own row says.
    """

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    url_md5 = column.CharField(max_length=32)
    changed_at = column.BigIntField()

    class Meta:
        """One a saver and URL, found by moment; thrown away after half a year."""

        table = "trace"
        unique_together = (("actor_id", "url_md5"),)
        indexes = (("actor_id", "changed_at"), ("changed_at",))


class Tag(Table):
    """A tag's identity: its key (NFKC, casefolded) while spellings stay with the bookmarks. (text.tags.key)

    `slug` is its name in handles; two tags may want the same one. (outbox.tag_actors)
    """

    id = column.BigIntField(primary_key=True)
    key = column.CharField(max_length=255, unique=True)
    slug = column.CharField(max_length=60, db_index=True)  # text.slugs.slug(key)
    public_at = column.BigIntField(null=True)  # when somebody here first had a public bookmark with it

    class Meta:
        """Looked up by key, and by slug for WebFinger."""

        table = "tag"


class BookmarkTag(Table):
    """The index from tags to live bookmarks: saver, moment and visibility stand here too, so pages read one index."""

    id = column.BigIntField(primary_key=True)
    bookmark_id = column.BigIntField()
    tag_id = column.BigIntField()
    actor_id = column.BigIntField()
    link_id = column.BigIntField()
    visibility = column.SmallIntField()
    listed = column.BooleanField()
    saved_at = column.BigIntField()

    class Meta:
        """Made and dropped whole with its bookmark."""

        table = "bookmark_tag"
        unique_together = (("bookmark_id", "tag_id"),)
        indexes = (("tag_id", "actor_id", "saved_at", "bookmark_id"), ("link_id", "tag_id", "listed"))


class Tally(Table):
    """How many live bookmarks: of a saver (`owner_id`, an actor) with a tag, by visibility.

    Owner 0 is everyone and counts listed ones only; tag 0 is all of the owner's, and a negative one is those of a month
    of `saved_at` in UTC, counted from January of the year 0.
    """

    id = column.BigIntField(primary_key=True)
    owner_id = column.BigIntField()
    tag_id = column.BigIntField()
    visibility = column.SmallIntField()
    amount = column.IntField()

    class Meta:
        """Raised and lowered in the transaction that changes a bookmark."""

        table = "tally"
        unique_together = (("owner_id", "tag_id", "visibility"),)


class Tombstone(Table):
    """An object that ended: ours answer 410, remote ones beat a Create that arrives later."""

    id = column.BigIntField(primary_key=True)
    uri_hash = column.CharField(max_length=40, unique=True)
    uri = column.TextField()
    deleted_at = column.BigIntField()

    class Meta:
        """Kept for ever."""

        table = "tombstone"


class Withheld(Table):
    """A note from elsewhere that is no bookmark for us since a moment: older words of it do not bring it back."""

    id = column.BigIntField(primary_key=True)
    uri_hash = column.CharField(max_length=40, unique=True)  # of author and note together
    updated_at = column.BigIntField()  # as the note says
    kept_at = column.BigIntField()

    class Meta:
        """Thrown away after a month."""

        table = "withheld"


class Withdrawal(Table):
    """A bookmark made private whose publication ends a little later: who shows it again meanwhile took nothing back."""

    id = column.BigIntField(primary_key=True)
    bookmark_id = column.BigIntField(unique=True)
    actor_id = column.BigIntField()  # whose it is
    visibility = column.SmallIntField()  # of the publication that ends
    due_at = column.BigIntField(db_index=True)

    class Meta:
        """Each bookmark once. (bookmarks.withdrawing)"""

        table = "withdrawal"


class Unindexed(Table):
    """A bookmark that is new, changed or gone, which search is to learn: one row for each change. (search.indexing)"""

    id = column.BigIntField(primary_key=True)
    bookmark_id = column.BigIntField()

    class Meta:
        """Read in their order, and thrown away once they are learned."""

        table = "unindexed"

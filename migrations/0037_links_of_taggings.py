"""Taggings are found by their link: to suggest tags for a page that was saved before, all of them were read.

Nothing asked for those of a tag by link without the link. In the order of links, which are new with a library that comes
in, they are written side by side, and not each to a place of its own.
"""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0036_months")]

    initial = False

    operations = [
        ops.RemoveIndex(model_name="BookmarkTag", name=None, fields=["tag_id", "listed", "link_id"]),
        ops.AddIndex(model_name="BookmarkTag", index=Index(fields=["link_id", "tag_id", "listed"])),
    ]

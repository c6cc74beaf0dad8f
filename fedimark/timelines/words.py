"""PURE. In whose words a merged entry speaks: the reader's own, else of people they follow, else of who was first.

Only the title may be the page's own: where nobody whom the reader knows has given it one.

Words of people whom the reader does not follow stand one click away, on the page of the link; where the reader follows
none of the savers, and for strangers, there are no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fedimark.text import tags

Save = Mapping[str, Any]  # a row of `bookmark` with its saver, and `near`: whether the reader follows them


@dataclass(frozen=True, slots=True)
class Words:
    """What an entry says: `lead` is the save it is drawn from, `tags` are as typed, each once."""

    lead: Save
    title: str
    description: str
    tags: tuple[str, ...]


def words_of(saves: Sequence[Save], viewer_id: int, page_title: str = "") -> Words:
    """Choose among the saves of one link, in the order of their moments; `near` marks those the reader follows.

    The title is the reader's own, else the most common among people they follow (of two as common the earlier), else
    the page's, else that of who was first. The description is the reader's own, else the latest of people they follow,
    which moved the entry up, else the first there is; tags are those of all who may speak.
    """
    near = [save for save in saves if save["near"]]
    speaking = sorted(near or saves, key=lambda save: save["actor_id"] != viewer_id)  # stable: by moment
    lead = speaking[0]
    typed = " ".join(word for save in speaking for word in shown_tags(save, whole=save["actor_id"] == viewer_id))
    return Words(
        lead,
        _title(lead, near, viewer_id) or page_title or lead["title"],
        _description(speaking, near, viewer_id),
        _tags_of_all(typed),
    )


def shown_tags(save: Save, *, whole: bool) -> tuple[str, ...]:
    """The tags of a save as typed; private ones only where the reader is their owner (`whole`)."""
    return tuple(save["tags"].split()) if whole else _public_words(save["tags"])


@lru_cache(maxsize=2_048)  # several people's say the same words twice, which takes longest to read
def _tags_of_all(typed: str) -> tuple[str, ...]:
    return tags.split(typed)


@lru_cache(maxsize=2_048)
def _public_words(typed: str) -> tuple[str, ...]:
    return tuple(word for word in typed.split() if not tags.is_private(word))


def _description(speaking: Sequence[Save], near: Sequence[Save], viewer_id: int) -> str:
    own = [save for save in speaking[:1] if save["actor_id"] == viewer_id]
    words = [str(save["description"]) for save in [*own, *reversed(near), *speaking] if save["description"]]
    return words[0] if words else ""


def _title(lead: Save, near: Sequence[Save], viewer_id: int) -> str:
    """The reader's own title, else that of people they follow."""
    own = str(lead["title"]) if lead["actor_id"] == viewer_id else ""
    return own or _most_common_title(near)


def _most_common_title(saves: Sequence[Save]) -> str:
    titles = Counter(save["title"] for save in saves if save["title"])
    return str(max(titles, key=titles.__getitem__)) if titles else ""

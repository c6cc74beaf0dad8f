"""PURE. In whose words a merged entry speaks: the reader's own, else of people they follow, else of who was first.

Only the title may be the page's own: where nobody whom the reader knows has given it one.

Words of people whom the reader does not follow stand one click away, on the page of the link; where the reader follows
none of the savers, and for strangers, there are no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fedimark.text import tags
from fedimark.timelines.saves import Save

MOST_TAGS: Final = 6  # where several people's stand together; all of the save that an entry is drawn from stand anyway


@dataclass(frozen=True, slots=True)
class Words:
    """What an entry says: `lead` is the save it is drawn from, `tags` are as typed, each once."""

    lead: Save
    title: str
    description: str
    tags: tuple[str, ...]


def words_of(saves: Sequence[Save], near: Sequence[Save], viewer_id: int, page_title: str = "") -> Words:
    """Choose among the saves of one link, in the order of their moments; `near` are those of them the reader follows.

    The title is the reader's own, else the most common among people they follow (of two as common the earlier), else
    the page's, else that of who was first. The description is the reader's own, else the latest of people they follow,
    which moved the entry up, else the first there is. Tags are all of the save it is drawn from and, up to
    MOST_TAGS, those that most of all who may speak gave it: the page of the link shows each saver's own.
    """
    speaking = near or saves
    own = [save for save in near if save.actor_id == viewer_id] if near else []
    if own:  # first, by moment
        speaking = [*own, *(save for save in near if save.actor_id != viewer_id)]
    lead = speaking[0]
    return Words(
        lead,
        _title(lead, near, viewer_id) or page_title or lead.title,
        _description(own[:1], near, speaking),
        _tags_of_all(tuple([" ".join(shown_tags(save.tags, whole=save.actor_id == viewer_id)) for save in speaking])),
    )


def shown_tags(typed: str, *, whole: bool) -> tuple[str, ...]:
    """The tags of a save as typed; private ones only where the reader is their owner (`whole`)."""
    return tuple(typed.split()) if whole else _public_words(typed)


@lru_cache(maxsize=2_048)  # several people's say the same words twice, which takes longest to read
def _tags_of_all(typed: tuple[str, ...]) -> tuple[str, ...]:
    first, every = tags.split(typed[0]), tags.split(" ".join(typed))
    if len(every) <= max(MOST_TAGS, len(first)):
        return every
    amounts = Counter(tags.key(tag) for each in typed for tag in tags.split(each))
    others = sorted(every[len(first) :], key=lambda tag: -amounts[tags.key(tag)])  # of two as common, the earlier
    return (*first, *others[: max(MOST_TAGS - len(first), 0)])


@lru_cache(maxsize=2_048)
def _public_words(typed: str) -> tuple[str, ...]:
    return tuple(word for word in typed.split() if not tags.is_private(word))


def _description(own: Sequence[Save], near: Sequence[Save], speaking: Sequence[Save]) -> str:
    return next((save.description for save in (*own, *reversed(near), *speaking) if save.description), "")


def _title(lead: Save, near: Sequence[Save], viewer_id: int) -> str:
    """The reader's own title, else that of people they follow."""
    own = lead.title if lead.actor_id == viewer_id else ""
    return own or _most_common_title(near)


def _most_common_title(saves: Sequence[Save]) -> str:
    titles = [save.title for save in saves if save.title]
    if len(titles) < 3:  # of two as common, the earlier
        return titles[0] if titles else ""
    amounts = Counter(titles)
    return max(amounts, key=amounts.__getitem__)

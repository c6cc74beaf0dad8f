"""In whose words an entry speaks."""

from __future__ import annotations

from collections.abc import Sequence

from fedimark.timelines import words
from fedimark.timelines.saves import Save
from fedimark.timelines.words import Words

ME, ANA, BO, CY = 1, 2, 3, 4


def said(actor_id: int, title: str, *, near: bool = True, description: str = "", tags: str = "") -> tuple[bool, Save]:
    """One save of a link, as a page's statement returns it, and whether the reader follows who saved it."""
    brief = (1, actor_id, actor_id, 0, True, True, "hash", "name", "name", "", "Name", "", "id", 3, False, False, False)
    return near, Save(*brief, tags, "https://a.example/", title, description, None, "", True, 0)


def words_of(saves: Sequence[tuple[bool, Save]], viewer_id: int, page_title: str = "") -> Words:
    """What is said by some saves, of which some are near."""
    return words.words_of([save for _, save in saves], [save for near, save in saves if near], viewer_id, page_title)


def test_ones_own_words_stand_first_whenever_they_were_said() -> None:
    chosen = words_of([said(ANA, "Theirs", description="By ana"), said(ME, "Mine")], ME)

    assert (chosen.title, chosen.lead.actor_id, chosen.description) == ("Mine", ME, "By ana")


def test_the_most_common_title_among_people_one_follows_is_taken() -> None:
    chosen = words_of([said(ANA, "Odd"), said(BO, "Usual"), said(CY, "Usual")], ME)

    assert (chosen.title, chosen.lead.actor_id) == ("Usual", ANA)


def test_the_latest_words_of_people_one_follows_are_shown_but_ones_own_come_first() -> None:
    theirs = [said(ANA, "", description="Earlier"), said(BO, "", description="Later"), said(CY, "")]

    assert words_of(theirs, ME).description == "Later"
    assert words_of([*theirs, said(ME, "", description="Mine")], ME).description == "Mine"
    assert words_of([(False, save) for _, save in theirs], 0).description == "Earlier"


def test_of_two_titles_as_common_the_earlier_is_taken() -> None:
    assert words_of([said(ANA, "First"), said(BO, "Second")], ME).title == "First"


def test_a_title_left_empty_counts_for_nothing() -> None:
    assert words_of([said(ANA, ""), said(BO, ""), said(CY, "Named")], ME).title == "Named"


def test_who_is_not_followed_says_nothing_where_somebody_followed_speaks() -> None:
    stranger = said(ANA, "Spam", near=False, description="Buy", tags="buy now")

    chosen = words_of([stranger, said(BO, "Title", tags="sql")], ME)

    assert (chosen.title, chosen.description, chosen.tags) == ("Title", "", ("sql",))


def test_where_nobody_followed_saved_it_the_first_speaks_and_all_tags_stand() -> None:
    chosen = words_of([said(ANA, "First", near=False, tags="a"), said(BO, "Second", near=False, tags="b A")], ME)

    assert (chosen.title, chosen.lead.actor_id, chosen.tags) == ("First", ANA, ("a", "b"))


def test_of_the_tags_of_many_the_most_used_stand_but_ones_own_all_do() -> None:
    ana, bo, cy = said(ANA, "A", tags="a b c d"), said(BO, "B", tags="e f g H"), said(CY, "C", tags="h i g j")

    assert words_of([ana, bo, cy], ME).tags == ("a", "b", "c", "d", "g", "H")
    assert words_of([ana, bo, cy, said(ME, "Mine", tags="1 2 3 4 5 6 7 .8")], ME).tags == (*"1234567", ".8")


def test_private_tags_are_ones_own_alone() -> None:
    chosen = words_of([said(ME, "Mine", tags=".mine"), said(ANA, "Theirs", tags=".theirs open")], ME)

    assert chosen.tags == (".mine", "open")


def test_the_page_names_itself_where_nobody_followed_has_named_it() -> None:
    strangers = [said(ANA, "Buy this", near=False), said(BO, "Other", near=False)]

    assert words_of(strangers, ME, "Its own name").title == "Its own name"
    assert words_of([said(CY, "", near=True)], ME, "Its own name").title == "Its own name"
    assert words_of(strangers, ME).title == "Buy this"


def test_the_name_a_page_gives_itself_is_never_above_that_of_the_reader_and_people_they_follow() -> None:
    assert words_of([said(ME, "Mine"), said(ANA, "Theirs")], ME, "Its own").title == "Mine"
    assert words_of([said(ANA, "Theirs")], ME, "Its own").title == "Theirs"
    assert words_of([said(ME, ""), said(ANA, "Theirs")], ME, "Its own").title == "Theirs"
    assert words_of([said(ME, "")], ME, "Its own").title == "Its own"

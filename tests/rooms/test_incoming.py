"""From the Notes of others to bookmarks here."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from fedimark.addresses import uri_hash
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.incoming import store_note
from fedimark.bookmarks.save import save_bookmark
from fedimark.database import Row, execute, fetch, fetch_one, write
from fedimark.errors import Forbidden
from fedimark.follows.request import follow
from fedimark.inbox.apply import apply_waiting
from fedimark.inbox.handlers.actors import BATCH
from fedimark.policy.visibility import Visibility
from fedimark.vocab.objects import read_note
from tests.rooms.strangers import Stranger, amount, applied, outcome
from tests.support.savers import assert_agreement

MARKS = "https://marks.example/u/ana"
NOTE = f"{MARKS}/b/k3v7q2mzt5xha"


async def followed(reader: Any, stranger: Stranger) -> Stranger:
    """Somebody elsewhere whom `reader` follows."""
    asked = await follow(reader.viewer, stranger.uri)
    about: Any = f"{reader.uri}/follows/{asked['public_id']}"
    if asked["public_id"] is None:  # the server follows streams for everybody
        about = {"type": "Follow", "actor": "https://a.example/actor", "object": stranger.uri}
    accept_id = f"{stranger.uri}#accept-{asked['public_id']}"
    await stranger.do({"id": accept_id, "type": "Accept", "actor": stranger.uri, "object": about})
    return stranger


@pytest.fixture
async def marks(server, fleet, ana) -> Stranger:
    """Somebody of another fedimark, whom ana follows."""
    return await followed(ana, Stranger(fleet, MARKS))


@pytest.fixture
async def mallory(marks, fleet, ana) -> Stranger:
    """Somebody else of that server, followed as well."""
    return await followed(ana, Stranger(fleet, "https://marks.example/u/mallory"))


async def kept() -> list[Row]:
    """Every bookmark from elsewhere."""
    return await fetch("SELECT * FROM bookmark WHERE NOT is_local ORDER BY id")


def changed(create: dict[str, Any], **said: Any) -> dict[str, Any]:
    """A Create with another Note inside."""
    return {**create, "object": {**create["object"], **said}}


async def test_a_bookmark_of_somebody_followed_is_kept_to_the_letter(marks, wire, clock):
    clock.set("2026-08-20T09:16:00Z")

    assert await marks.do(wire("fedimark/create_note")) == "saved"

    [row] = await kept()
    assert row["url"] == "https://store.example/cache?page=2"
    assert row["title"] == "How the page cache works"
    assert row["description"] == "Read it twice."
    assert row["tags"] == "page-cache 2024 c++ 🐍"
    assert row["visibility"] == Visibility.PUBLIC
    assert row["listed"]
    assert row["uri"] == row["page_url"] == NOTE
    assert row["saved_at"] == 1_787_217_300_000_000


async def test_a_bookmark_is_never_placed_later_than_it_came(marks, wire, clock):
    await marks.do(changed(wire("fedimark/create_note"), published="2027-01-01T00:00:00Z"))

    [row] = await kept()
    assert row["saved_at"] <= clock.micros


async def test_what_nobody_here_follows_is_not_kept(server, ana, fleet, wire):
    stranger = Stranger(fleet, MARKS)

    assert await stranger.do(wire("fedimark/create_note")) == "ignored"

    assert await kept() == []


async def test_it_merges_with_the_followers_own_save_of_the_page(marks, ana, wire):
    await save_bookmark(Owner.of(ana.viewer), read_draft(url="http://store.example/cache?page=2&utm_source=x"))

    await marks.do(wire("fedimark/create_note"))

    links = await fetch("SELECT DISTINCT link_id FROM bookmark")
    entries = await fetch("SELECT * FROM entry WHERE stream = 1 AND owner_id = ?", ana.viewer.actor_id)
    assert len(links) == len(entries) == 1


async def test_a_betula_bookmark_is_read(ana, fleet, wire):
    dora = await followed(ana, Stranger(fleet, "https://betula.example/@dora"))

    assert await dora.do(wire("betula/create_note")) == "saved"

    [row] = await kept()
    assert row["title"] == "The escapement"
    assert row["description"] == "Tick."
    assert row["tags"] == "clock_making how-to"
    assert not row["listed"]


@pytest.mark.parametrize(
    "said",
    [
        {"attachment": [], "content": "<p>no link</p>"},
        {"quote": "https://other.example/1"},
        {"to": ["https://a.example/u/ana"], "cc": []},
        {"attachment": [{"type": "Link", "href": "javascript:alert(1)"}], "content": ""},
        {"attachment": [{"type": "Link", "href": "https://store.example/?token=abc"}]},
        {"attachment": [{"type": "Link", "href": "http://192.168.1.1/admin"}]},
        {"attachment": [{"type": "Link", "href": "https://store.example/" + "x" * 8_000}], "content": ""},
    ],
    ids=["no link", "quote", "direct", "script", "secret", "private network", "too long"],
)
async def test_what_is_no_bookmark_to_keep_is_ignored(marks, wire, said):
    assert await marks.do(changed(wire("fedimark/create_note"), **said)) == "ignored"

    assert await kept() == []


async def test_a_reply_of_mastodon_is_no_bookmark(ana, fleet, wire):
    cleo = await followed(ana, Stranger(fleet, "https://mastodon.example/users/cleo"))

    assert await cleo.do(wire("mastodon/create_note", **{"marks.example": "a.example"})) == "ignored"


@pytest.mark.parametrize(
    ("to", "cc", "visibility"),
    [
        ([f"{MARKS}/followers"], ["as:Public"], Visibility.UNLISTED),
        ([f"{MARKS}/followers"], [], Visibility.FOLLOWERS),
    ],
)
async def test_visibility_is_kept_and_shows_nowhere_public(marks, wire, to, cc, visibility):
    await marks.do(changed(wire("fedimark/create_note"), to=to, cc=cc))

    [row] = await kept()
    assert row["visibility"] == visibility
    assert not row["listed"]


async def test_tags_that_slipped_out_private_or_with_spaces_are_cleaned(marks, wire):
    tags = [".secret", "．fullwidth", "machine learning", "a,b", "...", "sql", "SQL"]

    await marks.do(changed(wire("fedimark/create_note"), **{"fedimark:tags": tags}))

    [row] = await kept()
    assert row["tags"] == "machine-learning a-b sql"


async def test_html_of_others_becomes_words(marks, wire):
    create = wire("fedimark/create_note")
    del create["object"]["source"]
    create["object"]["content"] += "<script>alert(1)</script>"

    await marks.do(create)

    [row] = await kept()
    assert row["description"] == "Read it twice."


# --- edits and ends --------------------------------------------------------------------------------------------------


async def test_an_edit_changes_the_bookmark_and_an_older_one_does_not(marks, wire):
    create, update = wire("fedimark/create_note"), wire("fedimark/update_note")

    assert await marks.do(update) == "saved"
    assert await marks.do(create) == "known"

    [row] = await kept()
    assert (row["title"], row["tags"]) == ("How the page cache really works", "2024")


async def test_an_edit_without_a_moment_is_an_edit(marks, wire, clock):
    clock.set("2026-08-20T12:00:00Z")
    await marks.do(wire("fedimark/create_note"))
    update = wire("fedimark/update_note")
    del update["object"]["updated"], update["published"]

    assert await marks.do(update) == "changed"


async def test_an_edit_that_hides_a_bookmark_takes_it_away(marks, wire):
    await marks.do(wire("fedimark/create_note"))

    update = changed(wire("fedimark/update_note"), to=["https://other.example/u/bo"], cc=[])

    assert await marks.do(update) == "dropped"
    assert await kept() == []


async def test_create_update_and_delete_end_alike_in_every_order(marks, wire):
    said = [wire(f"fedimark/{name}") for name in ("create_note", "update_note", "delete_note")]

    for order in permutations(said):
        for document in (*order, *order):
            await marks.do(document)
        assert await kept() == []
        assert await fetch("SELECT id FROM entry") == []
        await execute("DELETE FROM received_activity")
        await execute("DELETE FROM tombstone")


async def test_create_and_update_end_alike_in_every_order(marks, wire):
    said = [wire("fedimark/create_note"), wire("fedimark/update_note")]

    for order in permutations(said):
        for document in (*order, *order):
            await marks.do(document)
        [row] = await kept()
        assert row["title"] == "How the page cache really works"
        await execute("DELETE FROM received_activity")
        await marks.do({**wire("fedimark/delete_note"), "id": f"{NOTE}/activity/x"})
        await execute("DELETE FROM received_activity")
        await execute("DELETE FROM tombstone")


async def test_a_hidden_bookmark_is_not_brought_back_by_older_words_in_whatever_order_they_come(marks, wire):
    create = wire("fedimark/create_note")
    hide = changed(wire("fedimark/update_note"), to=["https://other.example/u/bo"], cc=[])
    show = changed(wire("fedimark/update_note"), updated="2026-08-22T00:00:00Z") | {"id": f"{NOTE}/activity/9"}

    for said in ([create, hide], [create, hide, show]):
        for order in permutations(said):
            for document in (*order, *order):
                await marks.do(document)
            assert len(await kept()) == len(said) - 2
            await execute("DELETE FROM received_activity")
            await execute("DELETE FROM withheld")
            await marks.do({**wire("fedimark/delete_note"), "id": f"{NOTE}/activity/x"})
            await execute("DELETE FROM received_activity")
            await execute("DELETE FROM tombstone")


async def test_two_states_of_one_moment_are_settled_by_their_own_server(marks, wire):
    first = wire("fedimark/update_note")
    second = changed(first, nameMap={"en": "Something else"}) | {"id": f"{NOTE}/activity/9"}
    marks.peer.document("/u/ana/b/k3v7q2mzt5xha", changed(first, nameMap={"en": "What holds"})["object"])

    for order in ([first, second], [second, first]):
        for document in order:
            await marks.do(document)
        [row] = await kept()
        assert row["title"] == "What holds"
        await execute("DELETE FROM received_activity")
        await execute("UPDATE bookmark SET title = ''")


async def test_where_their_own_server_shows_neither_the_same_one_holds_in_every_order(marks, wire):
    # Given three states of one second, the last of them for followers alone: their server shows that to nobody
    first = wire("fedimark/update_note")
    second = changed(first, nameMap={"en": "Something else"}) | {"id": f"{NOTE}/activity/9"}
    narrowed = changed(second, to=[f"{MARKS}/followers"], cc=[]) | {"id": f"{NOTE}/activity/10"}

    # When they come in whatever order
    for order in permutations([first, second, narrowed]):
        for document in (*order, *order):
            await marks.do(document)

        # Then what fewer see holds
        [row] = await kept()
        assert (row["visibility"], row["title"]) == (Visibility.FOLLOWERS, "Something else")
        await execute("DELETE FROM received_activity")
        await marks.do({**wire("fedimark/delete_note"), "id": f"{NOTE}/activity/x"})
        await execute("DELETE FROM received_activity")
        await execute("DELETE FROM tombstone")


async def test_a_note_that_does_not_say_when_is_older_than_each_of_its_edits(marks, wire):
    create, update = changed(wire("fedimark/create_note"), published=None), wire("fedimark/update_note")

    for document in (update, create):
        await marks.do(document)

    [row] = await kept()
    assert row["title"] == "How the page cache really works"


async def test_a_doubt_waits_while_the_server_does_not_answer_and_holds_up_nobody(marks, wire, fleet, clock):
    first = wire("fedimark/update_note")
    second = changed(first, nameMap={"en": "Something else"}) | {"id": f"{NOTE}/activity/9"}
    marks.peer.document("/u/ana/b/k3v7q2mzt5xha", second["object"])
    await marks.do(first)
    fleet.network.down.add("marks.example")

    assert await marks.do(second) == "failed: Unreachable"
    fleet.network.down.clear()
    assert await marks.do(wire("fedimark/create_note")) == "known"
    clock.forward(seconds=61)
    await applied()

    [row] = await kept()
    assert row["title"] == "Something else"


async def test_who_withdraws_consent_leaves_the_public_pages(ana, fleet, wire, clock):
    dora = await followed(ana, Stranger(fleet, "https://betula.example/@dora", indexable=True))
    await dora.do(wire("betula/create_note"))
    [row] = await kept()
    assert row["listed"]

    dora.said["indexable"] = False
    dora.show()
    update = {"id": f"{dora.uri}#1", "type": "Update", "actor": dora.uri, "object": dora.document()}
    assert await dora.do(update) == "refreshed"

    [row] = await kept()
    assert not row["listed"]
    await assert_agreement()


async def test_an_update_of_an_actor_is_taken_from_the_signed_document_unless_ours_is_younger(ana, fleet, clock):
    dora = await followed(ana, Stranger(fleet, "https://betula.example/@dora"))
    asked = len(dora.peer.asked)
    clock.forward(seconds=60)
    said = dora.document() | {"name": "Dora D."}
    published = datetime.fromtimestamp(clock.micros // 1_000_000, UTC).isoformat()
    update = {"id": f"{dora.uri}#1", "type": "Update", "actor": dora.uri, "object": said, "published": published}

    await dora.do(update)
    row = await dora.row()
    assert row["name"] == "Dora D."
    assert "/@dora" not in [each.target for each in dora.peer.asked[asked:]]

    await dora.do(update | {"id": f"{dora.uri}#2", "published": "2020-01-01T00:00:00Z"})
    row = await dora.row()
    assert row["name"] == ""


async def test_a_stranger_changes_and_deletes_nothing(marks, mallory, wire):
    await marks.do(wire("fedimark/create_note"))
    update = wire("fedimark/update_note") | {"actor": mallory.uri, "id": f"{mallory.uri}/1"}

    with pytest.raises(Forbidden):
        await mallory.say(update)
    assert await mallory.do(changed(update, attributedTo=mallory.uri)) == "ignored"
    delete = wire("fedimark/delete_note") | {"actor": mallory.uri, "id": f"{mallory.uri}/2"}
    assert await mallory.do(delete) == "ignored"

    [row] = await kept()
    assert row["title"] == "How the page cache works"


async def test_a_neighbour_cannot_bury_a_note_before_it_comes(marks, mallory, wire):
    await mallory.do(wire("fedimark/delete_note") | {"actor": mallory.uri, "id": f"{mallory.uri}/1"})

    assert await marks.do(wire("fedimark/create_note")) == "saved"


async def test_somebody_who_leaves_is_forgotten_with_all_they_saved(marks, ana, wire):
    author = await marks.row()
    async with write():
        for number in range(BATCH + 1):
            note = read_note(wire("fedimark/create_note", k3v7q2mzt5xha=f"n{number}")["object"])
            await store_note(author, note, note.published or 0)
    assert len(await kept()) == BATCH + 1

    await marks.say({"id": f"{MARKS}#delete", "type": "Delete", "actor": MARKS, "object": MARKS})
    while await apply_waiting():
        pass

    assert await outcome() == "gone"
    assert await kept() == []
    assert await amount("follow") == 0
    assert await fetch("SELECT id FROM entry") == []
    row = await fetch_one("SELECT gone_at FROM actor WHERE uri = ?", MARKS)
    assert row is not None
    assert row["gone_at"] is not None


async def test_where_a_bookmark_was_copied_from_is_kept_and_an_edit_changes_it(ana, fleet, wire):
    dan = await followed(ana, Stranger(fleet, "https://marks.example/u/dan"))
    copy, source = wire("fedimark/create_copy"), "https://cleo.example/u/cleo/b/c3v7q2mzt5xha"

    assert await dan.do(copy) == "saved"
    [row] = await kept()
    assert (row["via"], row["via_hash"]) == (source, uri_hash(source))

    edit = changed(copy, tag=[], updated="2026-08-22T00:00:00Z") | {"id": f"{dan.uri}/1", "type": "Update"}
    assert await dan.do(edit) == "changed"
    [row] = await kept()
    assert (row["via"], row["via_hash"]) == ("", None)

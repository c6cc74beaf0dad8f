"""What we say arrives, in order, once or more, or not at all."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from structlog.testing import capture_logs

from fedimark import addresses
from fedimark.database import execute, fetch, fetch_one, perform, write
from fedimark.delivery.claim import claim
from fedimark.delivery.enqueue import say
from fedimark.delivery.queries import Counts, counts
from fedimark.delivery.send import drain
from fedimark.here import entered, here
from fedimark.remote import signing
from fedimark.remote.peers import inbox_ids
from fedimark.signatures.keys import load_private
from fedimark.signatures.message import Message
from fedimark.signatures.verify import read_claim, verify
from tests.rooms.peers import AS2, Peer, Says, local_person, over_sockets, socket_peer
from tests.support.counting import statements

INBOX = "https://b.example/inbox"
OTHER = "https://c.example/inbox"
OBJECT = "https://a.example/u/ana/b/one"


@pytest.fixture
def bo(server, fleet) -> Peer:
    """https://b.example, which answers 404 until told otherwise."""
    return stand(fleet, "b.example", 202)


def stand(fleet, host: str, status: int) -> Peer:
    """A peer that answers every POST with one status."""
    peer = Peer()
    peer.rule = lambda _: Says(status)
    fleet.network.add(host, peer)
    return peer


async def speak(actor, *numbers: int, inboxes=(INBOX,), kind="Create", uri=OBJECT) -> None:
    """Let somebody say numbered things."""
    for number in numbers:
        async with write():
            document = {"id": f"{uri}#{number}", "type": kind, "n": number}
            await say(actor["id"], kind, uri, document, inboxes, here().new_id())


async def claimed() -> list[list[dict]]:
    """Take what is due in hand, as a worker does: the letters of each inbox."""
    return [letters for visit in await claim() for letters in visit.inboxes]


async def waiting() -> list[dict]:
    """Every delivery that is left, oldest first."""
    return await fetch("SELECT * FROM delivery ORDER BY id")


async def test_what_is_said_arrives_signed_by_who_says_it(server, bo):
    ana = await local_person()
    await speak(ana, 1)

    tried = await drain()

    assert tried == 1
    [asked] = bo.asked
    assert (asked.method, asked.target, asked.headers["content-type"]) == ("POST", "/inbox", AS2)
    assert json.loads(asked.body)["n"] == 1
    message = Message("POST", "/inbox", {k: (v,) for k, v in asked.headers.items()}, asked.body)
    claim_ = read_claim(message)
    key = load_private(ana["private_key"]).public_key()
    verify(message, claim_, key, host="b.example", now=server.clock.micros)
    assert claim_.key_id == "https://a.example/u/ana#main-key"
    assert await counts() == Counts(waiting=0, dead=0)


async def test_text_of_every_script_arrives_as_it_was(server, bo):
    ana = await local_person()
    async with write():
        await say(ana["id"], "Create", OBJECT, {"t": "技术文 ℓ1(ℝd) \\textit{…} 🐍?"}, [INBOX], "x1")

    await drain()

    assert bo.bodies() == [{"t": "技术文 ℓ1(ℝd) \\textit{…} 🐍?"}]


async def test_each_inbox_gets_it_once_and_ours_never(server, fleet, bo):
    ana = await local_person()
    cy = stand(fleet, "c.example", 202)
    await speak(ana, 1, inboxes=[INBOX, OTHER, INBOX, "https://a.example/inbox", "https://a.example/u/di/inbox", ""])

    assert len(await waiting()) == 2
    await drain()
    assert (len(bo.asked), len(cy.asked)) == (1, 1)


async def test_nothing_is_written_when_nobody_is_to_hear_it(server):
    ana = await local_person()

    await speak(ana, 1, inboxes=["https://a.example/inbox"])

    assert await fetch("SELECT id FROM activity") == []


async def test_a_transaction_that_fails_says_nothing(server):
    ana = await local_person()

    with pytest.raises(ZeroDivisionError):
        async with write():
            await say(ana["id"], "Create", OBJECT, {}, [INBOX], "x1")
            raise ZeroDivisionError

    assert await waiting() == []


async def test_an_inbox_hears_things_in_order_through_trouble(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(503)
    await speak(ana, *range(5))

    assert await drain() == 1
    await speak(ana, 5)
    assert await drain() == 0  # a younger one does not overtake
    assert [body["n"] for body in bo.bodies()] == [0]
    bo.rule = lambda _: Says(202)
    clock.forward(seconds=20)
    assert await drain() == 6

    assert [body["n"] for body in bo.bodies()] == [0, 0, 1, 2, 3, 4, 5]


async def test_a_long_queue_for_one_inbox_keeps_its_order(server, bo):
    ana = await local_person()
    await speak(ana, *range(120))

    assert await drain() == 120
    assert [body["n"] for body in bo.bodies()] == list(range(120))


async def test_one_inbox_gets_one_letter_at_a_time_and_several_inboxes_at_once(server, fleet, clock):
    ana = await local_person()
    under_way: dict[str, int] = {}
    most: dict[str, int] = {"all": 0, "one": 0}

    async def slow(scope, receive, send):
        host = dict(scope["headers"])[b"host"].decode()
        under_way[host] = under_way.get(host, 0) + 1
        most["one"] = max(most["one"], under_way[host])
        most["all"] = max(most["all"], sum(under_way.values()))
        await asyncio.sleep(0.01)
        under_way[host] -= 1
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    hosts = [f"p{number}.example" for number in range(30)]
    for host in hosts:
        fleet.network.add(host, slow)
    await speak(ana, 1, 2, inboxes=[f"https://{host}/inbox" for host in hosts])

    assert await drain() == 60
    assert most["one"] == 1
    assert most["all"] >= 2


async def test_trouble_with_one_inbox_is_no_trouble_for_another(server, fleet, bo):
    ana = await local_person()
    cy = stand(fleet, "c.example", 202)
    fleet.network.down.add("b.example")
    await speak(ana, 1, 2, inboxes=[INBOX, OTHER])

    await drain()

    assert [body["n"] for body in cy.bodies()] == [1, 2]
    assert [(row["tries"], row["last_error"]) for row in await waiting()] == [(1, "unreachable"), (0, "")]


@pytest.mark.parametrize("status", [400, 403, 404, 406, 501])
async def test_a_final_no_does_not_block_the_next(server, bo, status):
    ana = await local_person()
    bo.rule = lambda asked: Says(status if json.loads(asked.body)["n"] == 1 else 202)
    await speak(ana, 1, 2)

    assert await drain() == 2
    [dead] = await waiting()
    assert (dead["last_error"], dead["tries"], dead["dead_at"] is not None) == (f"http-{status}", 1, True)
    assert await counts() == Counts(waiting=0, dead=1)


@pytest.mark.parametrize("wish", ["3600", "date"])
async def test_retry_after_is_obeyed(server, bo, clock, wish):
    ana = await local_person()
    when = datetime.fromtimestamp(clock.micros / 1e6 + 3600, UTC)
    header = format_datetime(when, usegmt=True) if wish == "date" else wish
    bo.rule = lambda _: Says(429, b"", {"retry-after": header})
    await speak(ana, 1)

    await drain()
    clock.forward(seconds=3500)
    assert await drain() == 0
    clock.forward(seconds=200)
    assert await drain() == 1


@pytest.mark.parametrize("status", [429, 500])
async def test_a_delivery_ends_after_a_week(server, bo, clock, status):
    ana = await local_person()
    bo.rule = lambda _: Says(status)
    await speak(ana, 1)
    start, tries = clock.micros, 0

    while (await counts()).waiting:
        tries += await drain()
        last = clock.micros
        clock.forward(days=0.1)

    assert 12 <= tries <= 15
    assert 5.5 < (last - start) / 86_400e6 < 9.5
    assert (await waiting())[0]["last_error"] in {f"http-{status}", "expired"}
    assert await counts() == Counts(waiting=0, dead=1)


async def test_a_refused_signature_is_final_at_the_third_time(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(401)
    await speak(ana, 1)

    for _ in range(5):
        await drain()
        clock.forward(days=1)

    assert len(bo.asked) == 3 * 2  # each try knocks twice
    assert await counts() == Counts(waiting=0, dead=1)


@pytest.mark.parametrize("status", [400, 409])
async def test_a_server_that_has_it_already_counts_as_arrived(server, bo, status):
    ana = await local_person()
    problem = json.dumps({"type": "https://w3id.org/fep/c180#duplicate-delivery"}).encode()
    bo.rule = lambda _: Says(status, problem, {"content-type": "application/problem+json"})
    await speak(ana, 1)

    await drain()

    assert await waiting() == []


async def test_who_got_an_object_is_kept_until_its_delete_arrived(server, fleet, bo, clock):
    ana = await local_person()
    cy = stand(fleet, "c.example", 500)
    await speak(ana, 1, inboxes=[INBOX, OTHER])
    await drain()
    reached = await fetch("SELECT inbox FROM reach")
    await speak(ana, 2, kind="Update")
    await drain()
    await speak(ana, 3, kind="Delete")
    await drain()

    assert reached == [{"inbox": INBOX}]
    assert [body["type"] for body in bo.bodies()] == ["Create", "Update", "Delete"]
    assert await fetch("SELECT inbox FROM reach") == []
    assert len(cy.asked) == 1


async def test_an_accept_leaves_no_reach(server, bo):
    ana = await local_person()
    await speak(ana, 1, kind="Accept", uri="https://b.example/follows/1")

    await drain()

    assert await fetch("SELECT inbox FROM reach") == []


FOLLOWER = """
INSERT INTO actor (uri, uri_hash, kind, username, host, inbox, shared_inbox, private_key, public_key, created_at, name,
    summary, url, icon, fields, outbox, followers_uri, key_id, approves_followers, indexable, fetched_at, inbox_id)
VALUES (?, ?, 'Person', ?, 'b.example', ?, ?, '', '', 0, '', '', '', '', '[]', '', '', '', ?, ?, 0, ?) RETURNING id
"""


async def follower(ana, name: str, inbox: str, shared: str) -> None:
    """Somebody elsewhere who follows her."""
    async with write():
        uri = f"https://b.example/u/{name}"
        theirs = (await perform(inbox_ids([shared or inbox])))[shared or inbox]
        [row] = await fetch(FOLLOWER, uri, addresses.uri_hash(uri), name, inbox, shared, False, False, theirs)
        sql = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 0)"
        await execute(sql, row["id"], ana["id"])


async def test_a_personal_inbox_that_is_gone_ends_that_follow_only(server, fleet, bo):
    ana = await local_person()
    await follower(ana, "gone", "https://b.example/u/gone/inbox", "")
    await follower(ana, "here", "https://b.example/u/here/inbox", "")
    bo.rule = lambda asked: Says(410 if "gone" in asked.target else 202)
    await speak(ana, 1, inboxes=["https://b.example/u/gone/inbox", "https://b.example/u/here/inbox"])

    await drain()

    rows = await fetch("SELECT a.username FROM follow f JOIN actor a ON a.id = f.follower_id")
    assert [row["username"] for row in rows] == ["here"]
    assert await counts() == Counts(waiting=0, dead=1)


async def test_a_shared_inbox_that_is_gone_ends_no_follow(server, bo):
    ana = await local_person()
    await follower(ana, "one", INBOX, INBOX)
    bo.rule = lambda _: Says(410)
    await speak(ana, 1)

    await drain()

    assert len(await fetch("SELECT id FROM follow")) == 1


async def test_a_shared_inbox_that_is_gone_makes_us_ask_who_used_it(server, fleet, bo):
    ana = await local_person()
    await follower(ana, "one", INBOX, INBOX)
    bo.rule = lambda _: Says(410)
    await speak(ana, 1)

    await drain()
    await speak(ana, 2)
    await drain()

    fetched = [asked.target for asked in bo.asked if asked.method == "GET"]
    assert fetched == ["/u/one"]
    assert await fetch("SELECT username FROM actor WHERE gone_at > 0") == [{"username": "one"}]


async def test_a_wrong_content_type_is_an_alarm(server, bo):
    ana = await local_person()
    bo.rule = lambda _: Says(406)
    await speak(ana, 1)

    with capture_logs() as events:
        await drain()

    assert [event["log_level"] for event in events if event.get("reason") == "http-406"] == ["error"]


async def test_deliveries_of_a_worker_that_died_are_sent_when_its_lease_ends(server, bo, clock):
    ana = await local_person()
    await speak(ana, 1, 2)
    [letters] = await claimed()  # and then the process is killed

    assert len(letters) == 2
    assert await drain() == 0
    clock.forward(seconds=61)
    assert await drain() == 2
    assert [body["n"] for body in bo.bodies()] == [1, 2]


async def test_patience_longer_than_a_lease_delivers_all_the_same(server, bo):
    ana = await local_person()
    await speak(ana, 1)
    patient = replace(server.here, settings=replace(server.here.settings, delivery_total_s=300))

    async with entered(patient):
        assert await asyncio.wait_for(drain(), 20) == 1


async def test_what_is_under_lease_is_not_overtaken(server, bo):
    ana = await local_person()
    await speak(ana, 1)
    await claimed()
    await speak(ana, 2)

    assert await claimed() == []


async def test_two_workers_never_claim_the_same(server, fleet):
    ana = await local_person()
    await speak(ana, 1, inboxes=[f"https://p{number}.example/inbox" for number in range(100)])

    batches = await asyncio.gather(*(claimed() for _ in range(4)))

    numbers = [row["id"] for batch in batches for inbox in batch for row in inbox]
    assert len(numbers) == len(set(numbers)) == 100


async def test_a_drain_that_is_stopped_gives_its_deliveries_back(server, fleet):
    ana = await local_person()
    begun = asyncio.Event()

    async def hang(scope, receive, send):
        begun.set()
        await asyncio.sleep(60)

    fleet.network.add("b.example", hang)
    await speak(ana, 1)
    draining = asyncio.create_task(drain())
    await asyncio.wait_for(begun.wait(), 10)
    draining.cancel()
    await asyncio.gather(draining, return_exceptions=True)

    [left] = await waiting()
    assert 0 < left["lease_until"] <= server.clock.micros  # that it was under way is remembered
    stand(fleet, "b.example", 202)
    assert await drain() == 1
    assert await waiting() == []


@pytest.mark.parametrize("inbox", ["http://b.example/inbox", "https://10.0.0.1/inbox", "https://b.example:22/inbox"])
async def test_a_private_inbox_is_never_posted_to(server, fleet, inbox):
    ana = await local_person()
    await speak(ana, 1, inboxes=[inbox])

    await drain()

    assert fleet.network.requests == []
    assert (await waiting())[0]["last_error"] == "refused"


async def test_a_wish_to_be_asked_again_at_once_makes_no_hammer(server, bo):
    ana = await local_person()
    bo.rule = lambda _: Says(503, b"", {"retry-after": "0"})
    await speak(ana, 1)

    assert await drain() == 1


async def test_a_redirect_of_a_post_is_not_followed(server, fleet, bo):
    ana = await local_person()
    cy = stand(fleet, "c.example", 202)
    bo.rule = lambda _: Says(307, b"", {"location": OTHER})
    await speak(ana, 1)

    await drain()

    assert cy.asked == []
    assert (await waiting())[0]["last_error"] == "http-307"


async def test_somebody_without_a_key_says_nothing(server, bo):
    ana = await local_person()
    await execute("UPDATE actor SET private_key = '' WHERE id = ?", ana["id"])
    await speak(ana, 1)

    await drain()

    assert bo.asked == []
    assert (await waiting())[0]["last_error"] == "no-key"


async def test_a_server_that_never_ends_its_answer_has_it_all_the_same(server):
    async def accept(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nhel")
        await writer.drain()
        await asyncio.sleep(30)

    ana = await local_person()
    async with socket_peer(accept) as origin, over_sockets(server.here, allow_loopback=True):
        await speak(ana, 1, inboxes=[f"{origin}/inbox"])
        assert await asyncio.wait_for(drain(), 25) == 1

    async with entered(server.here):
        assert await fetch_one("SELECT id FROM delivery") is None


async def test_a_server_that_never_answers_is_tried_again(server):
    async def silence(_: str, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    ana = await local_person()
    async with socket_peer(silence) as origin, over_sockets(server.here, allow_loopback=True, delivery_total_s=0.3):
        await speak(ana, 1, inboxes=[f"{origin}/inbox"])
        assert await asyncio.wait_for(drain(), 25) == 1

    assert (await waiting())[0]["last_error"] == "unreachable"


async def test_each_shape_of_what_is_said_is_kept_once_however_many_inboxes_get_it(server, fleet):
    ana = await local_person()
    inboxes = [f"https://{name}.example/inbox" for name in ("b", "c", "d", "e", "f", "g")]
    peers = [stand(fleet, f"{name}.example", 202) for name in ("b", "c", "d", "e", "f", "g")]
    async with write():
        shapes = {"link": {"id": OBJECT, "n": "link"}, "small": {"id": OBJECT, "n": "small"}, "unused": {"n": "x"}}
        profiles = dict(zip(inboxes, ["", "", "link", "link", "small", "small"], strict=True))
        await say(ana["id"], "Create", OBJECT, {"id": OBJECT, "n": "plain"}, inboxes, "x1", shapes, profiles)

    kept = await fetch("SELECT profile FROM activity_body ORDER BY profile")
    await drain()

    assert [row["profile"] for row in kept] == ["link", "small"]  # the plain one stands with the activity
    assert [peer.bodies()[0]["n"] for peer in peers] == ["plain", "plain", "link", "link", "small", "small"]


async def test_what_many_letters_came_to_is_written_down_together(server, fleet):
    ana = await local_person()
    cost = []
    for few in (2, 12):
        inboxes = [f"https://host{few}-{number}.example/inbox" for number in range(few)]
        for inbox in inboxes:
            stand(fleet, inbox.split("/")[2], 202)
        await speak(ana, 1, inboxes=inboxes, uri=f"{OBJECT}/{few}")
        with statements() as run:
            assert await drain() == few
        cost.append(len(run))

    assert cost[1] - cost[0] < 10  # ten letters more, and less than one statement for each
    assert await counts() == Counts(waiting=0, dead=0)


async def test_the_key_of_who_says_much_is_parsed_once(server, bo, monkeypatch):
    ana = await local_person()
    parsed = []

    def load(text: str) -> object:
        parsed.append(text)
        return load_private(text)

    monkeypatch.setattr(signing, "load_private", load)
    await speak(ana, 1, 2, 3)

    await drain()

    assert len(bo.asked) == 3
    assert len(parsed) == 1

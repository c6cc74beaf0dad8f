"""What a server counts of itself, who may read it, and what is never in it."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families as read_figures
from tortoise.exceptions import OperationalError

from fedimark import worker
from fedimark.database import execute, fetch, fetch_one, is_sqlite
from fedimark.delivery.send import drain
from fedimark.errors import Unavailable
from fedimark.here import MICROS
from fedimark.keeping import figures
from fedimark.metrics import (
    CACHE,
    FIGURES,
    REQUEST_S,
    SOFTWARE,
    STATEMENTS_S,
    TIMELINE_S,
    Metrics,
    written,
)
from tests.rooms.peers import local_person
from tests.rooms.strangers import Stranger
from tests.rooms.test_breaker import health, inboxes
from tests.rooms.test_delivery import speak, stand
from tests.support.server import browser

TOKEN = "a-token-that-nobody-guesses"


async def scraped(server, **headers: str):
    """What `/metrics` answers somebody who brings these headers."""
    return await server.client.get("/metrics", headers={"Accept": "*/*", **headers})


def total(text: str, name: str, **labels: str) -> float:
    """The sum of a figure's lines that carry these labels."""
    lines = [sample for family in read_figures(text) for sample in family.samples if sample.name == name]
    return sum(each.value for each in lines if labels.items() <= each.labels.items())


def about(seconds):
    """The same, but for the microseconds that the clock of tests takes to be asked."""
    return pytest.approx(seconds, abs=0.01)


@pytest.fixture
def token(server):
    """The server with a token for its figures."""
    object.__setattr__(server.here.settings, "metrics_token", TOKEN)
    return {"Authorization": f"Bearer {TOKEN}"}


async def test_requests_are_counted_by_route_and_never_by_whose_page_it_is(server, ana, token):
    for _ in range(3):
        await server.client.get("/u/ana?secret=1")
    await server.client.get("/u/nobody-of-this-name")

    text = (await scraped(server, **token)).text

    assert total(text, "fedimark_requests_total", route="/u/{user}", status="200") == 3
    assert total(text, "fedimark_requests_total", route="/u/{user}", status="404") == 1
    assert total(text, "fedimark_request_seconds_count", route="/u/{user}") == 4
    assert total(text, "fedimark_database_statements_total", kind="read") > 0
    assert not any(word in text for word in ("ana", "secret", "nobody"))


async def test_what_is_known_nowhere_is_one_route(server, token):
    for number in range(5):
        await server.client.get(f"/no-such-page-{number}")

    text = (await scraped(server, **token)).text

    assert total(text, "fedimark_requests_total", route="none", status="404") == 5


@pytest.fixture
async def note(server, fleet, wire):
    """A Note of somebody whom bo follows, delivered three seconds ago by a Mastodon and not applied yet."""
    bo, cleo = await server.sign_up("bo"), Stranger(fleet, "https://mastodon.example/users/cleo")
    reader = await fetch_one("SELECT id FROM actor WHERE local_name = ?", bo.name)
    pair = reader["id"], (await cleo.row())["id"]
    await execute("INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 1)", *pair)
    await execute("UPDATE peer SET software = 'mastodon' WHERE host = ?", cleo.host)
    await cleo.say(wire("mastodon/create_with_link"))
    server.clock.forward(seconds=3)


async def test_what_was_received_is_counted_while_it_waits_and_when_it_has_its_place(server, note, token):
    waiting = (await scraped(server, **token)).text
    await worker.do("inbox")
    applied = (await scraped(server, **token)).text

    assert total(waiting, "fedimark_inbox_total", outcome="accepted", software="mastodon") == 1
    assert total(waiting, "fedimark_inbox_waiting") == 1
    assert total(waiting, "fedimark_inbox_oldest_seconds") == about(3)
    assert total(waiting, f"{TIMELINE_S}_count") == 0
    assert total(applied, "fedimark_inbox_waiting") == total(applied, "fedimark_inbox_oldest_seconds") == 0
    assert total(applied, "fedimark_inbox_applied_total", outcome="saved") == 1
    assert total(applied, f"{TIMELINE_S}_count") == 1
    assert total(applied, f"{TIMELINE_S}_sum") == about(3)
    assert [total(applied, f"{TIMELINE_S}_bucket", le=bound) for bound in ("2.0", "5.0")] == [0, 1]
    assert total(applied, "fedimark_worker_steps_total", step="inbox") == 1
    assert total(applied, "fedimark_worker_seconds_total", step="inbox") > 0


async def test_what_waits_is_counted_by_how_its_host_fares_and_so_is_its_age(server, clock, token):
    ana = await local_person()
    later = clock.micros + 3_600 * MICROS
    await health("c.example", fails=5, open_until=later, failing_days=1, failed_at=clock.micros)
    await speak(ana, 1, inboxes=inboxes("c.example", 3))
    clock.forward(seconds=2)
    await speak(ana, 2)
    clock.forward(seconds=4)

    text = (await scraped(server, **token)).text

    names = ("fedimark_deliveries_waiting", "fedimark_deliveries_oldest_seconds", "fedimark_hosts_waiting")
    assert [total(text, name, state="well") for name in names] == about([1, 4, 1])
    assert [total(text, name, state="resting") for name in names] == about([3, 6, 1])
    assert [total(text, name) for name in names] == about([4, 10, 2])


async def test_a_page_that_is_asked_for_again_is_found_in_memory(server, ana, token):
    for _ in range(2):
        await server.client.get("/u/ana")

    text = (await scraped(server, **token)).text

    found = [total(text, CACHE, cache="answers", result=result) for result in ("miss", "hit")]
    # To PostgreSQL what happens in other databases of its is a change too.
    assert found == [1, 1] if is_sqlite() else sum(found) == 2
    assert total(text, CACHE, cache="pages", result="miss") == found[0]
    assert total(text, STATEMENTS_S, kind="read") > 0


async def test_every_figure_is_told_and_described_and_no_other_is_there(server, fleet, note, token):
    await server.client.get("/recent")
    stand(fleet, "b.example", 202)
    ana = await local_person()
    await speak(ana, 1)
    await server.settle()
    await speak(ana, 2)

    families = {family.name: family for family in read_figures((await scraped(server, **token)).text)}

    assert {f"{name}_total" if family.type == "counter" else name for name, family in families.items()} == set(FIGURES)
    assert families["fedimark_build_info"].samples[0].value == 1
    assert all(family.documentation for family in families.values())


async def test_a_second_process_adds_to_the_same_sums(server, token):
    server.here.metrics.count("fedimark_worker_steps_total", "inbox")
    await figures.write_down()
    await execute("UPDATE figure SET value = value + 41 WHERE series LIKE 'fedimark_worker_steps_total%'")

    text = (await scraped(server, **token)).text

    assert total(text, "fedimark_worker_steps_total", step="inbox") == 42


async def test_what_other_servers_deliver_is_counted_by_software_and_never_by_host(server, token):
    await execute(
        "INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at)"
        " VALUES ('m.example', '', 0, 'mastodon', 0, 0), ('odd.example', '', 0, 'my-own-thing', 0, 0)"
    )
    for host in ("m.example", "m.example", "odd.example", "new.example"):
        server.here.metrics.heard("accepted", host)

    text = (await scraped(server, **token)).text

    assert total(text, "fedimark_inbox_total", software="mastodon") == 2
    assert total(text, "fedimark_inbox_total", software="other") == 1
    assert total(text, "fedimark_inbox_total", software="unknown") == 1
    assert ".example" not in text


def test_strangers_cannot_make_labels_up():
    metrics = Metrics()
    for number in range(5_000):
        metrics.heard("accepted", f"host{number}.example")

    taken = metrics.take({f"host{number}.example": f"software{number}" for number in range(5_000)})

    assert {series[2] for series in taken} <= SOFTWARE | {"other", "unknown"}
    assert sum(taken.values()) == 5_000


def test_a_histograms_buckets_hold_those_below_them():
    metrics = Metrics()
    for seconds in (0.001, 0.005, 0.3, 99.0):
        metrics.spent(REQUEST_S, seconds, "/recent")

    text = written(metrics.take({}))

    assert total(text, f"{REQUEST_S}_bucket", le="0.005") == 2
    assert total(text, f"{REQUEST_S}_bucket", le="0.5") == 3
    assert total(text, f"{REQUEST_S}_bucket", le="+Inf") == total(text, f"{REQUEST_S}_count") == 4
    assert total(text, f"{REQUEST_S}_sum") == pytest.approx(99.306)


def test_labels_are_quoted_as_prometheus_reads_them():
    text = written({("fedimark_jobs", 'a"b\\c\nd'): 1})

    assert total(text, "fedimark_jobs", state='a"b\\c\nd') == 1


async def test_what_could_not_be_written_down_is_kept_for_the_next_time(server):
    server.here.metrics.count("fedimark_worker_steps_total", "inbox", by=2)
    await execute("ALTER TABLE figure RENAME TO elsewhere")
    with pytest.raises((OperationalError, Unavailable)):
        await figures.write_down()
    await execute("ALTER TABLE elsewhere RENAME TO figure")

    await figures.write_down()

    rows = await fetch("SELECT value FROM figure WHERE series LIKE 'fedimark_worker_steps_total%'")
    assert [row["value"] for row in rows] == [2.0]


async def test_a_minute_is_written_once_and_forgotten_after_a_week(server, clock):
    await figures.note_minute()
    await figures.note_minute()
    clock.forward(days=8)
    await figures.note_minute()

    [moment] = await figures.history(60, 1)

    assert moment.minute == clock.micros // (60 * MICROS)
    assert len(await fetch("SELECT minute FROM figure_minute")) == 1


async def test_figures_are_for_who_brings_the_token(server, token):
    assert (await scraped(server, **token)).status_code == 200
    assert (await scraped(server, Authorization=f"bearer {TOKEN}")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer \N{LATIN SMALL LETTER E WITH ACUTE}".encode("latin-1")},
    ],
)
async def test_to_everybody_else_there_is_no_such_page(server, token, headers):
    refused = await server.client.get("/metrics", headers=headers)
    unknown = await server.client.get("/metricz", headers=headers)

    assert refused.status_code == unknown.status_code == 404
    assert refused.text.replace("/metrics", "/metricz") == unknown.text
    assert set(refused.headers) == set(unknown.headers)


async def test_without_a_token_set_an_empty_one_opens_nothing(server):
    assert (await server.client.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 404


async def test_somebody_at_this_very_machine_reads_them(server):
    async with browser(server.asgi, "http://127.0.0.1:8000") as local:
        assert (await local.get("/metrics")).status_code == 200


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"]
)
async def test_what_comes_through_a_proxy_on_this_machine_does_not(server, header):
    async with browser(server.asgi, "http://127.0.0.1:8000") as proxy:
        assert (await proxy.get("/metrics", headers={header: "127.0.0.1"})).status_code == 404


async def test_a_page_elsewhere_whose_name_leads_to_this_machine_reads_nothing(server):
    async with browser(server.asgi, "http://rebound.example:8000") as page:
        assert (await page.get("/metrics")).status_code == 404


async def test_what_comes_in_and_what_goes_out_is_counted_with_how_long_it_took(server, fleet, clock, token):
    stand(fleet, "b.example", 202)
    ana = await local_person()
    await speak(ana, 1)
    clock.forward(seconds=3)
    await drain()
    refused = await server.client.post("/inbox", content=b"no", headers={"Content-Type": "text/plain"})

    text = (await scraped(server, **token)).text

    assert refused.status_code == 415
    assert total(text, "fedimark_deliveries_total", outcome="arrived") == 1
    assert total(text, "fedimark_delivery_seconds_sum") >= 3
    assert total(text, "fedimark_inbox_total", outcome="wrong_type", software="unknown") == 1

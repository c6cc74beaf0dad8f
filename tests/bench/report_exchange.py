"""What was measured between servers, as sections of the page: what comes in, what goes out, and where time goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from fedimark.inbox import runs
from tests.bench import deliveries, followers, inbox, newcomers, readers
from tests.bench.ceilings import Ceilings
from tests.bench.deliveries import Delivered
from tests.bench.followers import Told
from tests.bench.inbox import Received
from tests.bench.machine import Load
from tests.bench.newcomers import TakenOn
from tests.bench.profiled import POSTGRES, Profile
from tests.bench.readers import FannedOut
from tests.bench.report import Goal, Section, at_least, at_most, prose, table, waits

_SHOWN_FROM = 0.02  # of the whole, in any column; what is less goes into one line
_RARE = "everything else"


NEWCOMERS_S, ASKED_EACH = 3.0, 2
TOLD_SQLITE_MS, TOLD_POSTGRES_MS = 20.0, 30.0
DELIVERED = 0.6  # of the RSA sign rate of one core
REACHED_S = MappingProxyType({deliveries.OWN: 0.6, deliveries.OWN_LATE: 2.0, deliveries.TROUBLED: 10.0})
GROWN_MB = 30.0
READ_MS = 100.0
ACCEPTED, PATIENCE_MS = 15.0, 25.0  # percent of what one core verifies; for who delivers while the worker applies
APPLIED, APPLIED_MS = 1_500.0, 0.7  # a second by the clock; CPU of the server and of PostgreSQL for each


def of_followers(databases: Sequence[Told]) -> Section:
    """What it costs to tell many followers."""
    rows = [(one.database, f"{one.alone_ms:.1f}", f"{one.followed_ms:.1f}", f"{one.told_ms:.1f}") for one in databases]
    text = f"""## Telling {followers.FOLLOWERS:,} followers

{table(("database", "save, nobody follows, ms", "save, with followers, ms", "their letters, ms"), rows)}

A save in process by somebody whom {followers.FOLLOWERS:,} people of {followers.INBOXES:,} servers follow, beside one by
somebody whom nobody does, in turns, medians; and what the worker then needs to write the document and the rows of all
letters. One server in ten takes another shape than the others.
"""
    goals = []
    for one in databases:
        most = TOLD_SQLITE_MS if one.database == "SQLite" else TOLD_POSTGRES_MS
        words = f"{followers.FOLLOWERS:,} followers add at most {most:.0f} ms to a save ({one.database})"
        shown = f"{one.rows_ms:.1f} ms, and {one.told_ms:.1f} ms of the worker afterwards"
        goals.append(at_most(words, max(0.0, one.rows_ms), most, told=shown))
    return Section(text, tuple(goals))


def of_newcomers(databases: Sequence[TakenOn]) -> Section:
    """What it takes to meet many who ask to follow."""
    names = ("database", "s", "CPU ms each", "GETs each")
    rows = [(one.database, f"{one.took_s:.1f}", f"{one.cpu_ms:.1f}", f"{one.asked:.1f}") for one in databases]
    text = f"""## {newcomers.NEWCOMERS:,} new followers

{table(names, rows)}

So many people of {newcomers.HOSTS} servers, of whom nothing is known here, ask to follow one person, over 16
connections: each is asked for, and for their name, and an Accept is delivered to each. The time is from the first GET
to the last Accept. *GETs* are those about a person; what software a server runs is asked of each server once besides.
"""
    goals = []
    for one in databases:
        on = f"({one.database})"
        words = f"{newcomers.NEWCOMERS:,} new followers taken on within {NEWCOMERS_S:g} s {on}"
        goals.append(at_most(words, one.took_s, NEWCOMERS_S, told=f"{one.took_s:.1f} s"))
        goals.append(at_most(f"at most {ASKED_EACH} GETs for each of them {on}", one.asked, ASKED_EACH))
    return Section(text, tuple(goals))


def of_readers(databases: Sequence[FannedOut]) -> Section:
    """What it costs that many here read somebody elsewhere."""
    rows = [
        (one.database, f"{one.alone_ms:.1f}", f"{one.read_ms:.1f}", f"{one.lines_ms:.1f}", f"{one.cpu_ms:.0f}")
        for one in databases
    ]
    text = f"""## Somebody elsewhere with {readers.READERS:,} readers

{table(("database", "one reads, ms", f"{readers.READERS:,} read, ms", "their lines, ms", "CPU ms"), rows)}

A Create in process, of a page that nobody had, by somebody whom {readers.READERS:,} people here follow, beside one by
somebody whom one does, in turns, medians. Each network holds {readers.LINES} lines before; what many readers add is one
statement. CPU time is that of the process and of PostgreSQL together, for a Create that so many read.
"""
    words = f"{readers.READERS:,} readers add at most {READ_MS:.0f} ms to a Create"
    goals = [
        at_most(f"{words} ({one.database})", one.lines_ms, READ_MS, told=f"{one.lines_ms:.0f} ms") for one in databases
    ]
    return Section(text, tuple(goals))


def of_inbox(databases: Sequence[Received], ceilings: Ceilings) -> Section:
    """Signed Creates taken in and applied."""
    taken, applied, goals = [], [], []
    for one in databases:
        (alone, both), (paced, paced_both), found = one.busy, one.paced, one.applied
        share = f"{_of_verify(alone, ceilings):.1f} %"
        cpu, memory = f"{alone.cpu_ms:.2f}", f"{found.resident_before:.0f}, {found.resident:.0f}"
        taken.append((one.database, "elsewhere", f"{alone.rate:.0f}", cpu, share, waits(alone), waits(paced)))
        taken.append((one.database, "beside", f"{both.rate:.0f}", "", "", waits(both), waits(paced_both)))
        bare = f"{found.bare_rate:.0f} ({found.rate / found.bare_rate * 100:.0f} %)"
        beside = f"{found.database_cpu_ms:.2f}" if found.database_cpu_ms else ""
        applied.append((one.database, f"{found.rate:.0f}", f"{found.cpu_ms:.2f}", beside, bare, memory))
        goals += _inbox_goals(one, ceilings)
    names = ("database", "worker", "accepted/s", "CPU ms", "of RSA verify", "p50 / p99 ms, busy", "paced")
    also = ("database", "applied/s", "CPU ms", "PostgreSQL's", "its rows alone/s", "memory before and after, MB")
    left = ", ".join(f"{one.left} on {one.database}" for one in databases)
    memory = ", ".join(f"{one.resident[0]:.0f} and {one.resident[1]:.0f} MB on {one.database}" for one in databases)
    text = f"""
`POST /inbox` of a `Create` of 2 KB in the shape that a fedimark sends, of a page that nobody had, with four tags;
draft-cavage signatures of RSA-2048, made before. {inbox.STRANGERS} people of {inbox.HOSTS} servers speak, their
keys known already, each followed by one of {inbox.READERS} people here, whose tables PostgreSQL has counted. *Busy*
are {inbox.BUSY} connections that send whenever they are answered, {inbox.BLOCKED:,} domains being blocked; *paced* is
one request each second on {inbox.PACED_A_SECOND} connections, whose waiting begins when it is due. With the worker
*elsewhere* what comes is only proven, stored and answered with 202; *beside*, in the same process, it is applied
meanwhile ({left} still waited when the last load ended). CPU is the server's process alone, all its threads, not
PostgreSQL's. Memory of the server that only takes in, before and after: {memory}.

*Applied* are {inbox.HELD:,} that had been held back, let go at once: parsed, sanitised and written with their tags,
counts and timelines, up to {runs.MOST} in one transaction; the rate is from the first to the last, of {inbox.ROUNDS}
rounds that with the least CPU time. The words of every other one are in its
HTML alone. Each must be a saved bookmark and stand in one network timeline in the end. *Its rows alone* are the same
rows, copied by the database into tables with the same indexes, in one statement for each table; in brackets what the
rate is of that.

{_ceilings(ceilings)} *Of RSA verify* compares that with the Creates accepted in a second of CPU time.
"""
    return Section(
        f"## Signed Creates\n\n{table(names, taken)}\n\n{table(also, applied)}\n\n{prose(text)}", tuple(goals)
    )


def _of_verify(load: Load, ceilings: Ceilings) -> float:
    """Percent: the Creates accepted in a second of CPU time, of the signatures that one core verifies."""
    return 1000 / load.cpu_ms / ceilings.rsa_verify * 100


def _inbox_goals(one: Received, ceilings: Ceilings) -> list[Goal]:
    share, waiting, found = _of_verify(one.busy[0], ceilings), one.paced[1].p99_ms, one.applied
    cpu_ms, on = found.cpu_ms + found.database_cpu_ms, f"({one.database})"
    verified = f"{ceilings.rsa_verify:,.0f} verified in a second of CPU"
    alone = f"its rows alone {found.bare_rate:,.0f}/s"
    return [
        at_least(
            f"accepts at least {ACCEPTED:.0f} % of what is verified {on}",
            share,
            ACCEPTED,
            told=f"{share:.1f} %, {one.busy[0].rate:,.0f}/s",
            ceiling=verified,
        ),
        at_most(
            f"p99 of the 202 at most {PATIENCE_MS:.0f} ms while the worker applies {on}",
            waiting,
            PATIENCE_MS,
            told=f"{waiting:.1f} ms",
        ),
        at_least(
            f"applies at least {APPLIED:,.0f}/s {on}", found.rate, APPLIED, told=f"{found.rate:,.0f}/s", ceiling=alone
        ),
        at_most(f"applies one in at most {APPLIED_MS} ms of CPU {on}", cpu_ms, APPLIED_MS, told=f"{cpu_ms:.2f} ms"),
    ]


def of_deliveries(found: Sequence[Delivered], ceilings: Ceilings) -> Section:
    """Queues of deliveries that are emptied."""
    rows = [
        (
            one.scenario.words,
            one.database,
            f"{one.amount:,}",
            f"{one.took_s:.2f}",
            f"{one.rate:.0f}",
            f"{one.cpu_ms:.2f}",
            str(one.at_once),
            f"{one.resident_before:.0f}, {one.resident:.0f}",
        )
        for one in found
    ]
    names = ("to", "database", "letters", "s", "a second", "CPU ms", "most at once", "memory before and after, MB")
    text = f"""
Letters that wait, of saves of one person, are let go, and sent by the worker of `fedimark serve`; the time is from the
first that came to the last. The servers are one process on as many addresses of this machine, over plain HTTP, five
followers of each; each letter is signed by draft-cavage when it is sent. *Warm* ones answered within the last hour. In
trouble are 75 servers that do not exist, 75 that answer 500, 75 that answer after five seconds and 75 that never do;
counted is what the others get. *Most at once* had come and were not answered yet. Every letter must come, once.

{_ceilings(ceilings)}
"""
    return Section(f"## Deliveries\n\n{table(names, rows)}\n\n{prose(text)}", tuple(_goals_of(found, ceilings)))


def _goals_of(found: Sequence[Delivered], ceilings: Ceilings) -> Iterator[Goal]:
    for one in found:
        if one.scenario == deliveries.AT_ONCE:
            wall, cpu = one.rate / ceilings.rsa_sign, 1000 / one.cpu_ms / ceilings.rsa_sign
            words = f"deliveries to warm servers a second, of the RSA sign rate: {DELIVERED:.0%} ({one.database})"
            shown = f"{wall:.0%} a second, {cpu:.0%} a second of CPU"
            signed = f"{ceilings.rsa_sign:,.0f} signed in a second of CPU"
            yield at_least(words, wall, DELIVERED, told=shown, ceiling=signed)
        if one.scenario in REACHED_S:
            most = REACHED_S[one.scenario]
            yield at_most(
                f"{one.scenario.words}: within {most:g} s ({one.database})",
                one.took_s,
                most,
                told=f"{one.took_s:.2f} s",
            )
        if one.scenario == deliveries.TROUBLED:
            grown = one.resident - one.resident_before
            words = f"1,000 servers, 300 in trouble: memory grows by at most {GROWN_MB:.0f} MB ({one.database})"
            yield at_most(words, grown, GROWN_MB, told=f"{grown:.0f} MB")


def of_profiles(profiles: Mapping[str, Profile]) -> Section:
    """Where the CPU time of each goes."""
    totals = [sum(one.places.values()) for one in profiles.values()]
    lines: dict[str, list[float]] = {}
    for place in {place for one in profiles.values() for place in one.places}:
        found = [one.places.get(place, 0.0) for one in profiles.values()]
        is_rare = all(each < total * _SHOWN_FROM for each, total in zip(found, totals, strict=True))
        before = lines.get(_RARE if is_rare else place, [0.0] * len(found))
        lines[_RARE if is_rare else place] = [old + new for old, new in zip(before, found, strict=True)]
    ranked = sorted(lines.items(), key=lambda line: (line[0] == _RARE, -sum(line[1])))
    cells = [(place, *map(_share, found, totals)) for place, found in ranked]
    whole = ("**together**", *(f"**{total:.2f}**" for total in totals))
    amounts = ", ".join(f"{name} {one.amount:,}" for name, one in profiles.items())
    text = f"""
SQLite where no other is named, in runs of their own with a sampler inside, some 250 looks a second of CPU time:
{amounts}.
Time goes to the innermost room of ours on the stack, or to the library it called where that is named: *database* is
statements and Tortoise; *SQLite, in threads* is the statements themselves and the way there and back; *event loop,
sockets* is where no Python stood on the stack but what runs the loop; *{POSTGRES}* are beside the one
that was sampled. `var/bench/profile-*.json` name the functions.
"""
    columns = table(("CPU ms, and share", *profiles), [*cells, whole])
    return Section(f"## Where the time goes\n\n{columns}\n\n{prose(text)}", ())


def _ceilings(found: Ceilings) -> str:
    return (
        f"In a second of CPU time a bare loop, before and after this, verifies {found.rsa_verify:,.0f} signatures of "
        f"RSA-2048 and makes {found.rsa_sign:,.0f}; of Ed25519 it verifies {found.ed25519_verify:,.0f} and makes "
        f"{found.ed25519_sign:,.0f}."
    )


def _share(each: float, total: float) -> str:
    return f"{each:.2f} ({each / total * 100:.0f} %)" if each / total >= 0.005 else ""

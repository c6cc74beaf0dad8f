"""What was measured between servers, as sections of the page: what comes in, what goes out, and where time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fedimark.inbox import runs
from tests.bench import followers, inbox, readers
from tests.bench.ceilings import Ceilings
from tests.bench.deliveries import FOLLOWERS, HOSTS, SAVED, Delivered
from tests.bench.followers import Told
from tests.bench.inbox import Received
from tests.bench.profiled import Profile
from tests.bench.readers import FannedOut
from tests.bench.report import Goal, Section, prose, table, waits

_SHOWN_FROM = 0.02  # of the whole, in any column; what is less goes into one line
_RARE = "everything else"


TOLD_SQLITE_MS, TOLD_POSTGRES_MS = 20.0, 30.0
READ_MS = 100.0
APPLIED = 1_500.0


def of_followers(databases: Sequence[Told]) -> Section:
    """What it costs to tell many followers."""
    rows = [(one.database, f"{one.alone_ms:.1f}", f"{one.followed_ms:.1f}", f"{one.rows_ms:.1f}") for one in databases]
    text = f"""## Telling {followers.FOLLOWERS:,} followers

{table(("database", "nobody follows, ms", "with followers, ms", "their rows, ms"), rows)}

A save in process by somebody whom {followers.FOLLOWERS:,} people of {followers.INBOXES:,} servers follow, beside one by
somebody whom nobody does, in turns, medians: the rows of all letters are committed with the bookmark. One server in ten
takes another shape than the others. What is left to do is one wake-up.
"""
    goals = []
    for one in databases:
        most = TOLD_SQLITE_MS if one.database == "SQLite" else TOLD_POSTGRES_MS
        words = f"{followers.FOLLOWERS:,} followers add at most {most:.0f} ms to a save ({one.database})"
        goals.append(Goal(words, f"{one.rows_ms:.1f} ms", one.rows_ms <= most))
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
    goals = [Goal(f"{words} ({one.database})", f"{one.lines_ms:.0f} ms", one.lines_ms <= READ_MS) for one in databases]
    return Section(text, tuple(goals))


def of_inbox(databases: Sequence[Received], ceilings: Ceilings) -> Section:
    """Signed Creates taken in and applied."""
    taken, applied, goals = [], [], []
    for one in databases:
        (alone, both), (paced, paced_both), found = one.busy, one.paced, one.applied
        share = f"{1000 / alone.cpu_ms / ceilings.rsa_verify * 100:.1f} %"
        cpu, memory = f"{alone.cpu_ms:.2f}", f"{found.resident_before:.0f}, {found.resident:.0f}"
        taken.append((one.database, "elsewhere", f"{alone.rate:.0f}", cpu, share, waits(alone), waits(paced)))
        taken.append((one.database, "beside", f"{both.rate:.0f}", "", "", waits(both), waits(paced_both)))
        a_core, bare = 1000 / found.cpu_ms, f"{found.bare_rate:.0f} ({found.rate / found.bare_rate * 100:.0f} %)"
        beside = f"{found.database_cpu_ms:.2f}" if found.database_cpu_ms else ""
        applied.append((one.database, f"{found.rate:.0f}", f"{found.cpu_ms:.2f}", beside, bare, memory))
        words = f"applies at least {APPLIED:,.0f} Creates in a second of CPU time ({one.database})"
        goals.append(Goal(words, f"{a_core:,.0f}, {found.rate:,.0f}/s", a_core >= APPLIED))
    names = ("database", "worker", "accepted/s", "CPU ms", "of RSA verify", "p50 / p99 ms, busy", "paced")
    also = ("database", "applied/s", "CPU ms", "PostgreSQL's", "its rows alone/s", "memory before and after, MB")
    left = ", ".join(f"{one.left} on {one.database}" for one in databases)
    memory = ", ".join(f"{one.resident[0]:.0f} and {one.resident[1]:.0f} MB on {one.database}" for one in databases)
    text = f"""
`POST /inbox` of a `Create` of 2 KB in the shape that a fedimark sends, of a page that nobody had, with four tags;
draft-cavage signatures of RSA-2048, made just before. {inbox.STRANGERS} people of {inbox.HOSTS} servers speak, their
keys known already, each followed by one of {inbox.READERS} people here. *Busy* are {inbox.BUSY} connections that send
whenever they are answered; *paced* is one request each second on {inbox.PACED_A_SECOND} connections, whose waiting
begins when it is due. With the worker *elsewhere* what comes is only proven, stored and answered with 202; *beside*, in
the same process, it is applied meanwhile ({left} still waited when the last load ended). CPU is the server's process
alone, all its threads, not PostgreSQL's. Memory of the server that only takes in, before and after: {memory}.

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


def of_deliveries(found: Sequence[Delivered], ceilings: Ceilings) -> Section:
    """A queue of deliveries that is emptied."""
    rows = [
        (
            f"after {one.latency_ms} ms" if one.latency_ms else "at once",
            f"{one.rate:.0f}",
            f"{one.cpu_ms:.2f}",
            f"{1000 / one.cpu_ms / ceilings.rsa_sign * 100:.0f} %",
            str(one.at_once),
            f"{one.resident_before:.0f}, {one.resident:.0f}",
        )
        for one in found
    ]
    names = ("they answer", "deliveries/s", "CPU ms", "of RSA sign", "most at once", "memory before and after, MB")
    slow = max(one.latency_ms for one in found)
    text = f"""
{SAVED} saves of one person, whom {FOLLOWERS:,} people of {HOSTS} servers follow: {found[0].amount:,} letters, one for
each save and shared inbox, emptied by the worker of `fedimark serve` on SQLite; the rate is from the first that came to
the last. The servers are one process on {HOSTS} addresses of this machine, over plain HTTP. Each letter is signed by
draft-cavage when it is sent. Letters to one inbox go one after the other, so servers that take {slow} ms get no more
than {HOSTS * 1000 // slow:,} a second. *Most at once* had come and were not answered yet. Every letter must come, once.

{_ceilings(ceilings)} *Of RSA sign* compares that with the deliveries of a second of CPU time.
"""
    return Section(f"## Deliveries\n\n{table(names, rows)}\n\n{prose(text)}", ())


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
SQLite, in runs of their own with a sampler inside, some 250 looks a second of CPU time: {amounts}.
Time goes to the innermost room of ours on the stack, or to the library it called where that is named: *database* is
statements and Tortoise; *SQLite, in threads* is the statements themselves and the way there and back; *event loop,
sockets* is where no Python stood on the stack but what runs the loop. `var/bench/profile-*.json` name the functions.
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

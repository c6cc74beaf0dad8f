"""What nobody dies of: a disk that takes nothing, a clock that jumps, names that lead nowhere, a peer that errs."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from tests.chaos.machine import FAIL, TIME_OUT
from tests.chaos.points import BACKWARDS, FORWARDS, FULL, LOST_NAMES, NO_NAMES, PEERS, READ_ONLY, Fate
from tests.chaos.site import Site
from tests.chaos.world import World

_HOUR_S = 3_600
_FELT_WITHIN_S = 120.0  # guards against hanging
_LASTS_S = 0.8
_PEER_S = 2.0


class NotHere(Exception):
    """This machine cannot have that trouble; the words say why."""


def check(world: World, fate: Fate) -> None:
    """Raise NotHere where this cannot happen."""
    if fate.point in (FULL, READ_ONLY) and not world.sites[0].disk.is_small:
        raise NotHere("no small file system can be mounted here (only root may)")


async def happens(world: World, fate: Fate, chance: random.Random) -> None:
    """Let it begin and pass; raises AssertionError when nobody felt it."""
    await asyncio.sleep(fate.after_s)
    if fate.point in PEERS:
        await _erring(world, PEERS[fate.point])
        return
    site = next(each for each in world.sites if each.name == fate.victims[0])
    if fate.point == FULL:
        await _full(world, site)
    elif fate.point == READ_ONLY:
        await _read_only(world, site)
    elif fate.point in (NO_NAMES, LOST_NAMES):
        await _nameless(site, FAIL if fate.point == NO_NAMES else TIME_OUT)
    else:
        await _jumping(site, fate.point)


def forget(world: World) -> None:
    """After a round in which a clock jumped ahead: while nothing is under way, it is set right."""
    for site in world.sites:
        site.machine.jump(-site.machine.jump_s)


async def _full(world: World, site: Site) -> None:
    """Until somebody was refused for it; PostgreSQL, whose disk is everybody's, may die of it."""
    disk, whose = world.disk_of(site)
    before = world.tally.refused
    world.trouble(*whose)
    await asyncio.to_thread(disk.fill)
    await _until(lambda: world.tally.refused > before or _is_down(world), "nobody was refused though the disk is full")
    await asyncio.sleep(_LASTS_S)
    disk.empty()
    if world.cluster:
        await world.cluster.recover()
    world.well(*whose)


def _is_down(world: World) -> bool:
    return world.cluster is not None and world.cluster.is_dead


async def _read_only(world: World, site: Site) -> None:
    """Whoever holds a file open for writing keeps it so: they die, and are started on what is read-only by then."""
    disk, whose = world.disk_of(site)
    world.trouble(*whose)
    if world.cluster:
        await asyncio.to_thread(world.cluster.kill)
    else:
        site.kill()
    disk.write_protect()
    try:
        if world.cluster:
            world.cluster.try_to_start()
        else:
            for part in site.parts:
                part.try_to_start()
        await asyncio.sleep(_LASTS_S)
    finally:
        disk.write_enable()
    if world.cluster:
        await world.cluster.start()
    # One that would not start is started again, as systemd would; one that did must take things now.
    await site.start()
    world.well(*whose)


async def _jumping(site: Site, point: str) -> None:
    """Ahead it stays until all is done; behind, until everybody has gone on for a while."""
    site.machine.jump(_HOUR_S if point == FORWARDS else -_HOUR_S)
    await asyncio.sleep(_LASTS_S)
    if point == BACKWARDS:
        # What waited for a moment before the jump waits until the clock is there again.
        site.machine.jump(_HOUR_S)


async def _nameless(site: Site, how: str) -> None:
    """A machine that starts before its network does."""
    site.kill()
    site.machine.break_names(how)
    await site.start()
    await _until(lambda: site.machine.has_asked, "nobody asked for a name")
    await asyncio.sleep(_LASTS_S)
    site.machine.mend_names()


async def _erring(world: World, manner: str) -> None:
    """The third server answers badly, whatever it is asked, and then well again."""
    before = world.recorder.erred
    world.recorder.errs(manner)
    await _until(lambda: world.recorder.erred > before, "nobody asked the third server anything")
    await asyncio.sleep(_PEER_S)
    world.recorder.errs(None)


async def _until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _FELT_WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, otherwise
        await asyncio.sleep(0.02)

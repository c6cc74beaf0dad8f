"""Histories and other orders, as Hypothesis draws them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.convergence.histories import Arrival, Life, Plan


@st.composite
def plans(draw: Any) -> Plan:
    """A history; its letters in another order, some of them twice, each in one of its shapes."""
    life = Life()
    for _ in range(draw(st.integers(4, 14))):
        verb, who = draw(st.sampled_from(life.possible()))
        life.do(verb, who, *draw(st.tuples(st.integers(0, 5), st.integers(0, 29), st.integers(0, 2))))
    letters = life.history.letters
    order = draw(st.permutations(range(len(letters))))
    for _ in range(draw(st.integers(0, 3))):
        again, place = draw(st.integers(0, len(letters) - 1)), draw(st.integers(0, len(order)))
        order = [*order[:place], again, *order[place:]]
    arrivals = [Arrival(letters[number], draw(st.integers(0, 4)), draw(st.booleans())) for number in order]
    return Plan(life.history, arrivals, draw(st.booleans()))

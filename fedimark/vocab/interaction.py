"""PURE. What an author lets others do with a Note, as it says itself. (FEP-044f, GoToSocial's interactionPolicy)"""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.vocab.reading import Unreadable, recipients
from fedimark.vocab.terms import Doc

MOST_NAMED = 64
# GoToSocial wrote the second of each before its version 0.20.
_AT_ONCE = ("automaticApproval", "always")
_ASKING = ("manualApproval", "approvalRequired")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may do one thing, by ids, Public as its full IRI: at once, and once they asked and were answered."""

    at_once: tuple[str, ...] = ()
    asking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may like a Note, reply to it, share and quote it; None where it does not say."""

    like: Rule | None = None
    reply: Rule | None = None
    share: Rule | None = None
    quote: Rule | None = None


def read_policy(doc: Doc) -> Policy:
    """Read what a Note allows; never raises: a rule that cannot be read allows it to nobody."""
    said = doc.get("interactionPolicy")
    if not isinstance(said, dict):
        return Policy()
    return Policy(
        like=_rule(said.get("canLike")),
        reply=_rule(said.get("canReply")),
        share=_rule(said.get("canAnnounce")),
        quote=_rule(said.get("canQuote")),
    )


def _rule(said: object) -> Rule | None:
    if said is None:
        return None
    return Rule(_ids(said, _AT_ONCE), _ids(said, _ASKING)) if isinstance(said, dict) else Rule()


def _ids(rule: Doc, spellings: tuple[str, ...]) -> tuple[str, ...]:
    value = next((rule[name] for name in spellings if rule.get(name) is not None), None)
    if isinstance(value, list) and len(value) > MOST_NAMED:
        return ()
    try:
        return recipients(value)
    except Unreadable:
        return ()

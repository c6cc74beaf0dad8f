"""How a person's pages look to themselves: colours, how much of descriptions, a style sheet of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fedimark.database import execute, fetch_one, write
from fedimark.errors import NotFound, Refused
from fedimark.language.catalogue import LOCALES
from fedimark.policy.visibility import Viewer
from fedimark.text import css

THEMES: Final = ("auto", "light", "dark", "contrast", "pinboard")
DESCRIPTIONS: Final = ("none", "some", "all")
LANGUAGES: Final = ("auto", *LOCALES)


@dataclass(frozen=True, slots=True)
class Looks:
    """What somebody chose: one of THEMES, one of DESCRIPTIONS, one of LANGUAGES, and CSS that text.css took."""

    theme: str
    descriptions: str
    language: str
    own_css: str


async def looks_of(viewer: Viewer) -> Looks:
    """What a signed-in person chose. Raises NotFound when they left a moment ago."""
    row = await fetch_one("SELECT theme, descriptions, language, own_css FROM account WHERE id = ?", viewer.account_id)
    if row is None:
        raise NotFound
    return Looks(row["theme"], row["descriptions"], row["language"], row["own_css"])


async def style_of(viewer: Viewer, version: str) -> str:
    """A person's own style sheet under its version; raises NotFound for any other version."""
    if not version or version != viewer.own_css:
        raise NotFound
    return (await looks_of(viewer)).own_css


def read_looks(texts: Mapping[str, str]) -> Looks:
    """Read what the form sends; raises Refused with the first field that cannot be kept."""
    theme, descriptions = texts.get("theme", ""), texts.get("descriptions", "")
    if theme not in THEMES:
        raise Refused("Choose one of the five.", field="theme")
    if descriptions not in DESCRIPTIONS:
        raise Refused("Choose one of the three.", field="descriptions")
    language = texts.get("language", "auto")
    if language not in LANGUAGES:
        raise Refused("Choose a language of the list.", field="language")
    try:
        own_css = css.check(texts.get("own_css", ""))
    except css.BadCss as error:
        raise Refused(error.words, field="own_css") from error
    return Looks(theme, descriptions, language, own_css)


async def change_looks(viewer: Viewer, looks: Looks) -> None:
    """Keep what somebody chose."""
    version = hashlib.sha256(looks.own_css.encode()).hexdigest()[:10] if looks.own_css else ""
    async with write():
        await execute(
            """
            UPDATE account SET theme = ?, descriptions = ?, language = ?, own_css = ?, own_css_version = ? WHERE id = ?
            """,
            looks.theme,
            looks.descriptions,
            looks.language,
            looks.own_css,
            version,
            viewer.account_id,
        )

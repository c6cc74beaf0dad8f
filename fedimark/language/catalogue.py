"""What a language calls things: its sentences, its plural forms, how it writes numbers and dates.

Sentences come from `locale/<language>/LC_MESSAGES/fedimark.po`, which are read as they are: nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from gettext import c2py
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po
from babel.numbers import get_group_symbol

from fedimark.language.dates import Dates

LOCALES: Final[Mapping[str, str]] = MappingProxyType({"en": "en_GB", "de": "de_DE", "ja": "ja_JP"})
"""The languages there are, by the tag that `lang` and Accept-Language name, and the locale each writes dates by."""

NAMES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "de": "Deutsch", "ja": "日本語"})
"""What each language calls itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """One language, equal to itself alone.

    `forms` holds for each English sentence its translations: one, or as many as there are plurals.
    """

    language: str
    dates: Dates
    group: str
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plural: Callable[[int], int] = lambda count: int(count != 1)

    def text(self, message: str, context: str = "") -> str:
        """A sentence, in English where nobody has translated it."""
        found = self.forms.get(f"{context}\4{message}" if context else message)
        return found[0] if found else message

    def counted(self, one: str, many: str, count: int) -> str:
        """A sentence in the form for so many, in English where nobody has translated it."""
        found = self.forms.get(one)
        if found:
            return found[min(self.plural(count), len(found) - 1)]
        return one if count == 1 else many

    def number(self, count: int) -> str:
        """A whole number with its thousands apart: `1,343`, `1.343`."""
        text = f"{count:,}"
        return text if self.group == "," else text.replace(",", self.group)


def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES[language])


ENGLISH: Final = Catalogue("en", Dates(_locale("en")), ",")
"""The language that everything is said in first."""


@lru_cache(maxsize=len(LOCALES))
def read(folder: Path, language: str) -> Catalogue:
    """Read the catalogue of one of LOCALES below a folder, once a process."""
    if language == "en":
        return ENGLISH
    with (folder / language / "LC_MESSAGES" / "fedimark.po").open("rb") as file:
        found = read_po(file, locale=LOCALES[language])
    forms = {}
    for message in found:
        one = message.id if isinstance(message.id, str) else message.id[0]
        said = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if one and said and all(said) and not message.fuzzy:
            forms[f"{message.context}\4{one}" if message.context else one] = said
    locale = _locale(language)
    return Catalogue(language, Dates(locale), get_group_symbol(locale), forms, c2py(found.plural_expr))

"""The sentences that pages say, and the catalogues they are translated in.

`python -m tests.support.messages` (`make messages`) reads the sentences out of templates and code and puts them into
every catalogue: new ones untranslated, those that are gone away. Nothing is guessed from what looks alike.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from fedimark import errors, resources
from fedimark.language.catalogue import LOCALES

OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
TRANSLATED = tuple(language for language in LOCALES if language != "en")


def keywords() -> dict[str, object]:
    """What marks a sentence in code: `_`, `ngettext`, and every error, whose words strangers read."""
    kinds = {name: None for name, kind in vars(errors).items() if isinstance(kind, type)}
    return {**DEFAULT_KEYWORDS, **kinds, "TooMany": (2,)}


ENGLISH_ONLY = ("cli/", "keeping/", "database/", "api/", "inbox/", "activitypub/")
"""Rooms whose words only the command line, programs and other servers are told."""


def extracted() -> Catalog:
    """Every sentence of templates and code, where it stands; what only the command line says is English."""
    found = Catalog(project="fedimark")
    for folder, pattern, method, options in (
        (resources.templates(), "**.html", "jinja2", OPTIONS),
        (resources.PACKAGE, "**.py", "python", {}),
    ):
        rows = extract_from_dir(folder, [(pattern, method)], {pattern: options}, keywords())  # type: ignore[arg-type]
        for filename, _line, message, comments, context in sorted(rows, key=lambda row: (row[0], row[1])):
            if not filename.startswith(ENGLISH_ONLY):
                found.add(message, None, [(f"{folder.name}/{filename}", 0)], auto_comments=comments, context=context)
    return found


def path_of(language: str) -> Path:
    """The catalogue of a language."""
    return resources.LOCALES / language / "LC_MESSAGES" / "fedimark.po"


def kept(language: str) -> Catalog:
    """A catalogue as it stands, empty where there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=LOCALES[language], project="fedimark", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALES[language])


def written(catalogue: Catalog) -> bytes:
    """A catalogue as its file holds it: in the order of places, without what only makes differences."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=100, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    kept_lines = [line for line in buffer.getvalue().splitlines(keepends=True) if not line.startswith(_DATED)]
    return b"".join(kept_lines)


_DATED = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By', b"# ", b"#\n")


def main() -> None:
    """Write every catalogue anew and say how much of it is translated."""
    template = extracted()
    for language in TRANSLATED:
        catalogue = kept(language)
        catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
        catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_bytes(written(catalogue))
        done = sum(1 for each in catalogue if each.id and all(each.string if each.pluralizable else [each.string]))
        sys.stdout.write(f"{language}: {done} of {len(catalogue)} sentences\n")


if __name__ == "__main__":
    main()

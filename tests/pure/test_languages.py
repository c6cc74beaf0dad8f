"""Words in the reader's language: which one it is, plural forms, dates, and templates that are compiled in it."""

import json
from datetime import UTC, datetime

import pytest
from babel import Locale
from jinja2 import DictLoader, StrictUndefined
from jinja2.exceptions import TemplateSyntaxError

from fedimark.errors import Refused, TooMany
from fedimark.language.catalogue import ENGLISH, LOCALES, NAMES, Catalogue
from fedimark.language.choosing import best
from fedimark.language.dates import Dates
from fedimark.language.said import Said, _, drawn_in, ngettext, said
from fedimark.web.times import ago, day, exact, month
from fedimark.web.translated import Templates

GERMAN = Catalogue(
    "de",
    Dates(Locale.parse("de_DE")),
    ".",
    {
        "Save": ("Speichern",),
        "yesterday": ("gestern",),
        "by %(who)s": ("von %(who)s",),
        "100%% of <b>%(what)s</b>": ("<b>%(what)s</b> zu 100%%",),
        "%(num)s saver": ("%(num)s Person", "%(num)s Leute"),
        "%(num)s day ago": ("vor %(num)s Tag", "vor %(num)s Tagen"),
    },
)
JAPANESE = Catalogue(
    "ja", Dates(Locale.parse("ja_JP")), ",", {"%(num)s saver": ("%(num)s人",)}, plural=lambda _count: 0
)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, ja;q=0.5, de;q=0.7", "de"),
        ("JA-jp", "ja"),
        ("en;q=0.1, ja;q=0", "en"),
        ("ja, de", "ja"),
        ("*", "en"),
        ("tlh, *;q=0.5", "en"),
        ("de;q=nan, ja;q=1e9, de;q=-1, ja;q=", "en"),
        ("de;q=9", "de"),
        ("de;level=1", "en"),
        (";;;,,,q=1;de", "en"),
        ("\x00\xff, ../../etc/passwd", "en"),
        ("x," * 100_000 + "de", "en"),
        ("de" * 100_000, "en"),
    ],
)
def test_a_header_asks_for_one_of_our_languages_or_for_none(header: str, language: str) -> None:
    assert best(header, "en") == language


def test_every_language_has_a_name_and_a_locale() -> None:
    assert LOCALES.keys() == NAMES.keys()


def test_words_are_english_wherever_they_are_no_page() -> None:
    refused = Refused(_("At most %(limit)s characters, please.", limit=2_000), field="bio")

    assert refused.message == "At most 2,000 characters, please."
    assert json.dumps({"error": refused.message}) == '{"error": "At most 2,000 characters, please."}'
    assert str(TooMany(1)) == "Too many tries. Please wait 1 second."
    assert str(TooMany(60)) == "Too many tries. Please wait 60 seconds."


def test_words_are_written_in_other_languages_with_what_they_name() -> None:
    sentence = _("by %(who)s", who=ngettext("%(num)s saver", "%(num)s savers", 1_234))

    assert sentence == "by 1,234 savers"
    assert sentence.written(GERMAN) == "von 1.234 Leute"
    assert ngettext("%(num)s saver", "%(num)s savers", 1).written(GERMAN) == "1 Person"
    assert ngettext("%(num)s saver", "%(num)s savers", 1).written(JAPANESE) == "1人"
    assert said("Save").written(GERMAN) == "Speichern"
    assert said("Not in any catalogue").written(GERMAN) == "Not in any catalogue"


def test_what_words_name_is_escaped_on_a_page() -> None:
    with drawn_in(GERMAN):
        drawn = _("by %(who)s", who="<script>").__html__()

    assert drawn == "von &lt;script&gt;"


def test_dates_are_written_as_the_language_writes_them() -> None:
    at = int(datetime(2018, 12, 31, 23, 5, tzinfo=UTC).timestamp()) * 1_000_000

    assert exact(at, "Europe/Berlin", GERMAN) == "1. Januar 2019, 00:05 CET"
    assert exact(at, "Asia/Tokyo", JAPANESE) == "2019年1月1日 8:05 JST"
    assert (day(at, "UTC", GERMAN), month(at, "UTC", GERMAN)) == ("31. Dezember 2018", "Dezember 2018")
    assert (day(at, "UTC", JAPANESE), month(at, "UTC", JAPANESE)) == ("2018年12月31日", "2018年12月")
    assert ago(at, at + 86_400_000_000, GERMAN) == "gestern"
    assert ago(at, at + 7 * 86_400_000_000, GERMAN) == "vor 7 Tagen"
    assert ago(at, at + 7 * 86_400_000_000, JAPANESE) == "7 days ago"


def drawn(source: str, catalogue: Catalogue = ENGLISH, **values: object) -> str:
    """A template drawn in a language."""
    templates = Templates(catalogue, loader=DictLoader({"page": source}), autoescape=True, undefined=StrictUndefined)
    templates.filters["number"] = catalogue.number
    with drawn_in(catalogue):
        return templates.get_template("page").render(**values)


def test_a_template_is_compiled_in_its_language() -> None:
    source = '<p title="{{ _("Save") }}">{% trans %}\n  Save\n{% endtrans %}</p>'

    assert drawn(source) == '<p title="Save">Save</p>'
    assert drawn(source, GERMAN) == '<p title="Speichern">Speichern</p>'


def test_values_stand_where_the_language_puts_them_and_are_escaped() -> None:
    source = "{% trans what=thing %}100% of <b>{{ what }}</b>{% endtrans %}"

    assert drawn(source, thing="<i>") == "100% of <b>&lt;i&gt;</b>"
    assert drawn(source, GERMAN, thing="<i>") == "<b>&lt;i&gt;</b> zu 100%"
    assert drawn('{{ _("by %(who)s", who=thing) }}', GERMAN, thing="<i>") == "von &lt;i&gt;"
    assert drawn('{% set x = _("by %(who)s", who=thing) %}{{ x }}', GERMAN, thing="<i>") == "von &lt;i&gt;"


@pytest.mark.parametrize(("count", "german"), [(0, "0 Leute"), (1, "1 Person"), (2, "2 Leute"), (1_000, "1.000 Leute")])
def test_a_template_counts_in_the_plural_forms_of_its_language(count: int, german: str) -> None:
    block = "{% trans num=count %}{{ num }} saver{% pluralize %}{{ num }} savers{% endtrans %}"
    call = '{{ ngettext("%(num)s saver", "%(num)s savers", count) }}'

    assert drawn(block, GERMAN, count=count) == drawn(call, GERMAN, count=count) == german
    assert drawn(block, JAPANESE, count=count) == drawn(call, JAPANESE, count=count) == f"{count:,}人"
    assert drawn(block, count=count) == (f"{count:,} saver" if count == 1 else f"{count:,} savers")


def test_words_of_the_code_are_drawn_in_the_language_of_the_page() -> None:
    values = {"word": _("Save"), "plain": "Save"}

    assert drawn("{{ word }} {{ plain }}", GERMAN, **values) == "Speichern Save"
    assert drawn("{{ word }}", **values) == "Save"
    assert isinstance(values["word"], Said)


@pytest.mark.parametrize("source", ["{{ _(word) }}", "{{ ngettext(a, b, 1) }}", '{{ _("by %(who)s") }}'])
def test_a_template_that_hides_its_words_is_not_compiled(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        drawn(source, GERMAN)

"""Every colour can be read on every ground it stands on, in each of the looks. (WCAG 2.2, 1.4.3 and 1.4.11)"""

import re
from pathlib import Path

import pytest

import fedimark

STATIC = Path(fedimark.__file__).parent / "web" / "static"
CSS = (STATIC / "fedimark.css").read_text(encoding="utf-8")
THEMES = ("contrast", "pinboard")
TEXT, MARK = 4.5, 3.0

# Which colour stands on which ground. The last test keeps this table whole.
PAIRS = {
    ("text", "ground"): TEXT,
    ("text", "panel"): TEXT,
    ("text", "private"): TEXT,
    ("soft", "ground"): TEXT,
    ("soft", "panel"): TEXT,
    ("soft", "private"): TEXT,
    ("faint", "ground"): TEXT,
    ("faint", "private"): TEXT,
    ("link", "ground"): TEXT,
    ("link", "panel"): TEXT,
    ("link", "private"): TEXT,
    ("visited", "ground"): TEXT,
    ("visited-private", "private"): TEXT,
    ("visited-private", "ground"): TEXT,
    ("tag", "ground"): TEXT,
    ("tag", "private"): TEXT,
    ("accent", "ground"): TEXT,
    ("accent", "panel"): TEXT,
    ("accent", "private"): TEXT,
    ("on-accent", "accent"): TEXT,
    ("unread", "ground"): TEXT,
    ("unread", "panel"): TEXT,
    ("unread", "private"): TEXT,
    ("star", "ground"): MARK,
    ("star", "panel"): MARK,
    ("star", "private"): MARK,
    ("edge", "ground"): MARK,
    ("edge-private", "private"): MARK,
    # The dots in the ribbon.
    ("ground", "accent"): MARK,
}
# A hairline only divides what space divides already; nothing is told by it alone.
DECORATION = {"rule"}


def colours(css: str = CSS) -> tuple[dict[str, str], dict[str, str]]:
    """The colours by day and by night, in the first rule for `:root`."""
    rule = re.search(r":root \{(.*?)\}", css, re.DOTALL)
    assert rule
    both = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", rule[1])
    assert len(both) == rule[1].count("--"), "a colour without its night"
    return {name: day for name, day, _ in both}, {name: night for name, _, night in both}


def palettes() -> dict[str, dict[str, str]]:
    """Every look's colours, by day and by night."""
    found = {"light": LIGHT, "dark": DARK}
    for theme in THEMES:
        day, night = colours((STATIC / f"{theme}.css").read_text(encoding="utf-8"))
        found |= {theme: day, f"{theme} by night": night}
    return found


LIGHT, DARK = colours()


def luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("theme", "palette"), palettes().items())
@pytest.mark.parametrize(("colour", "ground"), PAIRS)
def test_a_colour_can_be_read_on_its_ground(theme: str, palette: dict[str, str], colour: str, ground: str) -> None:
    least = PAIRS[colour, ground]

    measured = contrast(palette[colour], palette[ground])

    assert measured >= least, f"{theme}: {colour} on {ground} is {measured:.2f}, below {least}"


def test_black_on_white_measures_21() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21


def test_no_colour_is_used_that_is_not_measured() -> None:
    rules = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
    rules = re.sub(r":root[^{]*\{[^}]*\}", "", rules)

    used = set(re.findall(r"var\(--([\w-]+)\)", rules))

    assert not re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", rules), "a colour outside the palette"
    assert used == {name for pair in PAIRS for name in pair} | DECORATION
    assert used == set(LIGHT)


def test_every_look_names_every_colour():
    for theme, palette in palettes().items():
        assert palette.keys() == LIGHT.keys(), theme


def test_high_contrast_is_high():
    for theme in ("contrast", "contrast by night"):
        palette = palettes()[theme]
        for colour in ("text", "soft", "link", "tag", "unread"):
            assert contrast(palette[colour], palette["ground"]) >= 7, (theme, colour)


def test_styles_and_scripts_together_stay_small_and_ask_nobody_else() -> None:
    ours = [path for path in STATIC.iterdir() if path.suffix in (".css", ".js") and not path.name.startswith("htmx")]

    assert sum(path.stat().st_size for path in ours) <= 40_000
    for path in ours:
        text = path.read_text(encoding="utf-8")
        assert "url(" not in text
        assert "@import" not in text
        assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE), path.name

"""When a page is another one by its own word, and when not, whatever it says."""

from __future__ import annotations

import pytest

from fedimark.remote.aliases import CANONICAL, REDIRECT, SHORT, Alias, Hop, Word, word_of

PAGE = "https://www.example.org/a"
OTHER = "https://example.org/b"


def said(page: str, *named: str, found: str = "") -> Word:
    """What a page says that is found where it was asked, or at another address of it."""
    return word_of(page, (Hop(found or page, 200),), named)


def led(*steps: tuple[str, int], named: tuple[str, ...] = ()) -> Word:
    """What a page says that leads on: its addresses with their statuses."""
    return word_of(steps[0][0], tuple(Hop(*step) for step in steps), named)


# --- rel=canonical -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "named", "meant"),
    [
        (PAGE, OTHER, OTHER),
        ("https://m.example.org/a", "https://www.example.org/a", "https://www.example.org/a"),
        ("https://amp.example.co.uk/a", "http://example.co.uk/a?utm_source=amp", "https://example.co.uk/a"),
        ("https://example.org/a/amp/", "https://example.org/a/", "https://example.org/a/"),
        ("https://example.org/a?ref=hn", "https://example.org/a", "https://example.org/a"),
        ("https://example.org/a/index.html", "https://example.org/a/", "https://example.org/a/"),
        ("https://en.m.wikipedia.org/wiki/A", "https://en.wikipedia.org/wiki/A", "https://en.wikipedia.org/wiki/A"),
        ("https://example.org/?p=12", "https://example.org/2024/01/a", "https://example.org/2024/01/a"),
        ("https://example.org/2024/01/a", "https://example.org/?p=12", "https://example.org/?p=12"),
        ("https://example.org/Long-Name/dp/B01", "https://example.org/dp/B01", "https://example.org/dp/B01"),
        ("https://example.org/list?page=1", "https://example.org/list", "https://example.org/list"),
        (
            "https://example.org/errors.html?highlight=x",
            "https://example.org/errors.html",
            "https://example.org/errors.html",
        ),
        ("https://www.example.org/sessions/7/", "https://example.org/sessions/7", "https://example.org/sessions/7"),
        ("https://example.org/a", "https://example.org/a#part", None),
        ("https://example.org/a", "http://example.org:80/a?fbclid=x", None),
    ],
)
def test_a_page_is_the_one_that_it_names(page, named, meant):
    assert said(page, named).alias == (Alias(meant, CANONICAL) if meant else None)


@pytest.mark.parametrize(
    "named",
    [
        "https://competitor.example/b",
        "https://example.org.evil.example/b",
        "https://example.com/b",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:ana@example.org",
        "ftp://example.org/b",
        "http://127.0.0.1/b",
        "http://10.0.0.1/b",
        "http://localhost/b",
        "https://[::1]/b",
        "",
        "https://",
        # the whole site, not one of its pages
        "https://example.org/",
        "https://example.org",
        "https://www.example.org/#top",
        "https://example.org/de/",
        "https://example.org/en-GB",
        "https://example.org/index.html",
        "https://example.org/home",
        # what stands in between
        "https://example.org/login",
        "https://example.org/users/sign_in",
        "https://example.org/wp-login.php?redirect_to=/a",
        "https://login.example.org/b",
        "https://accounts.example.org/b",
        "https://consent.example.org/b",
        "https://example.org/account-login",
        "https://example.org/cookie-consent",
        "https://example.org/error.html",
        "https://example.org/404",
        "https://example.org/cdn-cgi/challenge-platform/h",
        "https://example.org/captcha/b",
        "https://example.org/welcome?next=%2Fa",
        "https://example.org/b?returnUrl=/a",
        # secrets
        "https://example.org/b?token=x",
        "https://ana:word@example.org/b",
        # a page inside a page
        "https://example.org/app#/b",
    ],
)
def test_some_pages_nobody_is_joined_with(named):
    assert said(PAGE, named).alias is None


@pytest.mark.parametrize(
    ("page", "named"),
    [
        ("https://example.org/a?id=1", "https://example.org/a"),
        ("https://example.org/a?id=1", "https://example.org/a?id=2"),
        ("https://example.org/list?page=2", "https://example.org/list"),
        ("https://example.org/list?page=10", "https://example.org/list"),
        ("https://example.org/errors/login?a=1", "https://example.org/errors/login"),
        ("https://example.org/a?story=errors", "https://example.org/errors"),
        ("https://www.example.org/login/", "https://example.org/login"),
        ("https://www.example.org/consent/a", "https://example.org/consent/a"),
        ("https://example.org/search?q=x", "https://example.org/search/"),
        ("https://example.org/list/page/2/", "https://example.org/list/"),
        ("https://example.org/docs?v=1.0", "https://example.org/docs"),
    ],
)
def test_one_of_many_is_never_all_of_them(page, named):
    assert said(page, named).alias is None


def test_of_several_addresses_none_is_believed_and_one_in_two_spellings_is():
    assert said(PAGE, OTHER, "https://example.org/c").alias is None
    assert said(PAGE, *(f"https://example.org/{number}" for number in range(1000))).alias is None
    assert said(PAGE, OTHER, f"{OTHER}?utm_source=x").alias == Alias(OTHER, CANONICAL)


def test_neighbours_below_a_public_suffix_are_strangers():
    assert said("https://ana.github.io/a", "https://bo.github.io/a").alias is None
    assert said("https://ana.github.io/a", "https://ana.github.io/b").alias == Alias(
        "https://ana.github.io/b", CANONICAL
    )


def test_a_paper_named_by_its_page_is_the_paper():
    word = said("https://arxiv.org/listing/1803.01814", "https://arxiv.org/pdf/1803.01814v2")

    assert word.alias == Alias("https://arxiv.org/abs/1803.01814", CANONICAL)


# --- redirects -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 308])
def test_who_moved_for_ever_within_a_site_is_the_page_they_moved_to(status):
    assert led((PAGE, status), (OTHER, 200)) == Word(Alias(OTHER, REDIRECT), OTHER, is_plain=True)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_who_is_elsewhere_for_now_says_nothing(status):
    word = led((PAGE, status), (OTHER, 200), named=("https://example.org/c",))

    assert word == Word(None, None, is_plain=False)


def test_who_moved_to_another_site_is_not_joined_and_no_page_of_this_one_any_more():
    assert led((PAGE, 301), ("https://competitor.example/b", 200)) == Word(None, None, is_plain=True)


@pytest.mark.parametrize("end", ["https://example.org/", "https://example.org/login?next=/a", "https://example.org/de"])
def test_who_is_sent_to_a_root_or_a_login_says_nothing(end):
    assert led((PAGE, 301), (end, 200)) == Word(None, None, is_plain=False)


def test_another_spelling_of_the_page_is_no_move():
    steps = ((PAGE, 302), (f"{PAGE}?utm_source=x", 302), ("http://www.example.org/a", 200))

    assert led(*steps, named=(OTHER,)) == Word(Alias(OTHER, CANONICAL), PAGE, is_plain=True)


def test_a_way_of_several_steps_leads_to_its_end_and_what_is_named_there():
    steps = ((PAGE, 301), ("https://example.org/c", 308), ("https://example.org/d", 200))

    assert led(*steps).alias == Alias("https://example.org/d", REDIRECT)
    assert led(*steps, named=(OTHER,)) == Word(Alias(OTHER, CANONICAL), "https://example.org/d", is_plain=True)
    assert led(*steps, named=(PAGE,)) == Word(None, "https://example.org/d", is_plain=True)


def test_what_lies_behind_a_step_for_now_is_not_seen():
    steps = ((PAGE, 301), ("https://example.org/c", 302), ("https://example.org/login", 200))

    assert led(*steps) == Word(Alias("https://example.org/c", REDIRECT), None, is_plain=False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "short", ["https://bit.ly/Abc", "https://t.co/x1", "https://tinyurl.com/a", "https://redd.it/1"]
)
def test_a_shortener_leads_to_any_site(short, status):
    assert led((short, status), (OTHER, 200)) == Word(Alias(OTHER, SHORT), OTHER, is_plain=True)


def test_a_shortener_of_a_shortener_leads_to_the_page_and_no_further_for_now():
    way = (("https://t.co/x1", 301), ("https://bit.ly/Abc", 302), (PAGE, 302), ("https://consent.example.org/", 200))

    assert led(*way) == Word(Alias(PAGE, SHORT), None, is_plain=False)


@pytest.mark.parametrize("end", ["https://example.org/", "http://127.0.0.1/x", "https://example.org/?token=x"])
def test_a_shortener_leads_to_no_root_and_no_secret(end):
    assert led(("https://bit.ly/Abc", 301), (end, 200)).alias is None


def test_what_only_looks_like_a_shortener_is_none():
    assert led(("https://bit.ly.evil.example/Abc", 301), (OTHER, 200)).alias is None
    assert led(("https://notbit.ly/Abc", 301), (OTHER, 200)).alias is None


def test_a_video_behind_a_shortener_is_the_video():
    way = (("https://bit.ly/v", 302), ("https://youtu.be/dQw4w9WgXcQ?si=x", 303))
    end = ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&feature=youtu.be", 200)

    assert led(*way, end).alias == Alias("https://www.youtube.com/watch?v=dQw4w9WgXcQ", SHORT)

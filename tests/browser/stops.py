"""Every page there is, and how somebody comes to it. Each can be visited again and again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from fedimark import resources
from fedimark.language.catalogue import read
from tests.browser.world import SECRET, World, broken_file, long_file, rows
from tests.support.processes import PASSWORD

Go = Callable[[Page, World], None]
LONG = 1_000
TOO_MUCH = 1_100_000
TABS = "Addresses, one on each line"


@dataclass(frozen=True, slots=True)
class Stop:
    """A page: its name, who looks at it (empty: a visitor), and the way there."""

    name: str
    who: str
    go: Go


def at(path: str) -> Go:
    """Just open an address; `{bookmark}` and its like are the world's own paths."""
    return lambda page, world: _open(page, path.format(**world.paths))


def _open(page: Page, path: str) -> None:
    page.goto(path, wait_until="load")


INLINE = r"""(one) => Boolean(one.closest("[id^=e-]"))
    && (one.matches("button") || /\/remove$|\/edit$|^\/(add|say)\?/.test(one.getAttribute("href")))"""

# Where the last line went or the answer is of another page, the page goes too: what comes next waits for that.
# The mark is in the page itself, for the policy of contents lets a page that is watched evaluate nothing again.
WATCHED = 'navigation.addEventListener("navigate", () => { document.documentElement.dataset.leaves = ""; })'
GOING_ON = "[aria-busy=true], [data-leaves]"


def press(page: Page, name: str) -> None:
    """Press a button (the last of that name) that sends a form, and wait for the answer."""
    press_it(page, page.get_by_role("button", name=name, exact=True).last)


def press_it(page: Page, button: Locator) -> None:
    """The same with a button or link that was found already; it may bring no new page, but a part of it anew."""
    if page.evaluate("Boolean(window.htmx)") and button.evaluate(INLINE):
        page.evaluate(WATCHED)
        button.click()
        expect(page.locator(GOING_ON)).to_have_count(0)
        page.wait_for_load_state()
        return
    with page.expect_navigation():
        button.click()


def go_to_own(page: Page, line: Locator) -> None:
    """From a line that was copied to the page of one's own bookmark; without scripts saving led back to the line."""
    expect(line.locator(".within")).to_have_count(0)
    line.locator("summary").click()
    with page.expect_navigation():
        line.get_by_text("this bookmark", exact=True).click()


def _typed(path: str, fields: dict[str, str], button: str) -> Go:
    """Open a form, type, press: for forms that come back with what is wrong. Words are English, whatever the page's."""

    def go(page: Page, world: World) -> None:
        _open(page, path.format(**world.paths))
        words = read(resources.LOCALES, page.locator("html").get_attribute("lang") or "en")
        for label, text in fields.items():
            page.get_by_label(words.text(label), exact=True).and_(page.locator("input, textarea")).fill(text)
        press(page, words.text(button))

    return go


def _tabbed(page: Page, world: World) -> None:
    _typed("/tabs", {TABS: "About SQLite https://sqlite.org/about.html"}, "Save")(page, world)
    _open(page, "/tabs")


def _uploaded(name: str, document: Callable[[], Sequence[Any]]) -> Go:
    def go(page: Page, world: World) -> None:
        _open(page, "/settings/import")
        content = json.dumps(document()).encode()
        page.get_by_label("Import a").set_input_files({"name": name, "mimeType": "application/json", "buffer": content})
        press(page, "Look into it")

    return go


def _running(page: Page, world: World) -> None:
    _uploaded("everything-since-2004.json", lambda: long_file(LONG))(page, world)
    with page.expect_navigation():
        page.get_by_role("button", name="Import").click()


def _reported(page: Page, world: World) -> None:
    _uploaded("pinboard_export.json", broken_file)(page, world)
    with page.expect_navigation():
        page.get_by_role("button", name="Import").click()
    page.get_by_text("See your bookmarks").wait_for()


def _wrong_file(page: Page, world: World) -> None:
    _open(page, "/settings/import")
    file = {"name": "letter.json", "mimeType": "application/json", "buffer": b"Dear Pinboard,"}
    page.get_by_label("Import a").set_input_files(file)
    press(page, "Look into it")


def _saved(page: Page, world: World) -> None:
    _open(page, f"/add/saved?id={world.paths['bookmark'].rpartition('/')[2]}")


def _dotted(page: Page, world: World) -> None:
    _open(page, f"/add?url={SECRET}&title=The+yearly+report")
    page.locator("#tags").fill("reports .net sql")
    press(page, "Save")


def _removed(page: Page, world: World) -> None:
    path = world.save("lin", "https://gone.example/", title="A page of last week", visibility="private")
    _open(page, f"{path}/remove")
    press(page, "Remove")


def _opened(path: str, menu: str) -> Go:
    """A page with one of its menus open."""

    def go(page: Page, world: World) -> None:
        _open(page, path.format(**world.paths))
        page.locator(menu).first.click()

    return go


def _within(page: Page, world: World) -> None:
    """A line whose form stands open in it."""
    _open(page, "/u/lin")
    page.locator(".entry .act").nth(1).click()
    page.locator(".within form").wait_for()


def _keyed(page: Page, world: World) -> None:
    _open(page, "/settings/bookmarklets")
    press(page, "Make one with a key")


def _bundled(page: Page, world: World) -> None:
    _open(page, "/u/lin/bundles/new")
    page.get_by_label("Name", exact=True).fill("Databases")
    page.get_by_label("Any of these tags").fill("sql sqlite neural-net")
    press(page, "Save")


def _too_often(page: Page, world: World) -> None:
    for _ in range(2):
        _typed("/setup", {"Name": "Lin S.", "Password": "longer than eight"}, "Make the account")(page, world)
        if page.get_by_text("429").count():
            break


def _broken(page: Page, world: World) -> None:
    """A page that fails: a table it reads is gone for that moment."""
    with sqlite3.connect(world.process.folder / "data" / "fedimark.sqlite3", timeout=30) as database:
        database.execute("ALTER TABLE account RENAME TO account_away")
        database.commit()
        _open(page, "/")
        database.execute("ALTER TABLE account_away RENAME TO account")


def _changing_many(page: Page, world: World) -> None:
    """Enough at once that the page is seen before the work is done."""
    _running(page, world)
    page.get_by_text("See your bookmarks").wait_for()
    _open(page, "/u/fay?edit=many")
    page.get_by_label("Add tags").fill("archive")
    page.get_by_label("not only those ticked").check()
    press(page, "Change")
    press_it(page, page.locator("main .primary"))


def _merged(tags: str, into: str) -> Go:
    def go(page: Page, world: World) -> None:
        _open(page, "/settings/tags")
        page.locator("details:has(#merge-tags) > summary").click()
        page.get_by_label("These tags").fill(tags)
        page.get_by_label("become", exact=True).fill(into)
        press(page, "Merge …")

    return go


def _ask_many(page: Page, world: World) -> None:
    _open(page, "/u/lin/t/neural-net?edit=many")
    page.get_by_label("Add tags").fill("papers")
    page.get_by_label("not only those ticked").check()
    press(page, "Change")


TEN = rows()
NOTE = "# Paper\n\nWhat **paper** is good for:\n\n- it waits\n- it `burns`\n\n> Nothing is lost.\n\n    a table\n"
SPELLED = "http://www.sqlite.org:80/wal.html?utm_source=letter"

STOPS = (
    Stop("welcome", "", at("/")),
    Stop("sign-in", "", at("/sign-in")),
    Stop("sign-in-wrong", "", _typed("/sign-in", {"Name": "lin", "Password": "not this one"}, "Sign in")),
    Stop("sign-up", "", at("/sign-up")),
    Stop(
        "sign-up-wrong", "", _typed("/sign-up", {"Name": "Lin S.", "Password": "longer than eight"}, "Make the account")
    ),
    Stop("person", "", at("/u/lin")),
    Stop("person-tag", "", at("/u/lin/t/sql")),
    Stop("tag", "", at("/t/neural-net")),
    Stop("recent", "", at("/recent")),
    Stop("url", "", at("{link}")),
    Stop("bookmark", "", at("{of_ana}")),
    Stop("empty-person", "", at("/u/nobody_yet")),
    Stop("sign-in-first", "", at("/network")),
    Stop("help", "", at("/help")),
    Stop("help-tags", "", at("/help/tags")),
    Stop("help-bookmarklets", "", at("/help/bookmarklets")),
    Stop("help-keyboard", "", at("/help/keyboard")),
    Stop("help-api", "", at("/help/api")),
    Stop("about", "", at("/about")),
    Stop("privacy", "", at("/privacy")),
    Stop("statistics", "", at("/u/lin/statistics")),
    Stop("statistics-none", "", at("/u/nobody_yet/statistics")),
    Stop("day", "", at("/u/ana/day/2018-12-12")),
    Stop("again", "lin", at("/again")),
    Stop("again-nothing", "nobody_yet", at("/again")),
    Stop("settings-looks", "lin", at("/settings/looks")),
    Stop("settings-looks-wrong", "lin", _typed("/settings/looks", {"Your own CSS": "@import 'x';"}, "Save")),
    Stop("error-404", "", at("/u/somebody-else")),
    Stop("error-405", "", at("/sign-out")),
    Stop("error-410", "", at("{gone}")),
    Stop("error-413", "ute", _typed("/notes/add", {"Text": "x" * TOO_MUCH}, "Save")),
    Stop("lookup", "", at("/url/")),
    Stop("error-lookup", "", at("/url/?url=nobody-has-this.example")),
    Stop("person-signed-in", "lin", at("/u/ana")),
    Stop("person-to-follow", "lin", at("/u/dora")),
    Stop("person-elsewhere", "lin", at("{elsewhere}")),
    Stop("report-elsewhere", "lin", at("/report?who={gus}")),
    Stop("popular", "", at("/popular")),
    Stop("popular-tag", "lin", at("/popular?in=month&tag=neural-net")),
    Stop("bookmark-liked", "lin", at("{of_ana}")),
    Stop("reactions-menu", "lin", _opened("/u/bo", ".entry details.more summary")),
    Stop("person-menu", "lin", _opened("/u/bo", ".under details.more summary")),
    Stop("talk-own", "ana", _opened("{of_ana}", ".talk details.more summary")),
    Stop("hidden", "ana", at("{of_ana}/hidden")),
    Stop("say", "lin", at("/say?about={reply}")),
    Stop("say-wrong", "lin", _typed("/say?about={of_ana}", {"Your words": " "}, "Reply")),
    Stop("reply", "", at("{reply}")),
    Stop("remark", "lin", at("{remark}")),
    Stop("remark-edit", "lin", at("{remark}/edit")),
    Stop("remark-remove", "lin", at("{remark}/remove")),
    Stop("own", "lin", at("/u/lin")),
    Stop("own-menu", "lin", _opened("/u/lin", "details.me summary")),
    Stop("feed-menu", "", _opened("/u/lin/t/sql", "details.feeds summary")),
    Stop("feed-menu-recent", "", _opened("/recent", "details.feeds summary")),
    Stop("entry-menu", "lin", _opened("/u/lin", "details.more summary")),
    Stop("edit-within", "lin", _within),
    Stop("own-many", "lin", at("/u/lin?edit=many")),
    Stop("bulk-ask", "lin", _ask_many),
    Stop("own-unread", "lin", at("/u/lin/unread")),
    Stop("own-tag", "lin", at("/u/lin/t/sql")),
    Stop("own-tags-together", "lin", at("/u/lin/t/sql,databases")),
    Stop("own-nothing", "lin", at("/u/lin/untagged")),
    Stop("network", "lin", at("/network")),
    Stop("network-narrowed", "lin", at("/network?narrowed=yes&no_shares=yes&tag=sql")),
    Stop("lists", "lin", at("/network/lists")),
    Stop("list", "lin", at("{list}")),
    Stop("list-edit", "lin", at("{list_edit}")),
    Stop("network-wrong", "lin", _typed("/network", {"Follow somebody": "@ana@nowhere.invalid"}, "Follow")),
    Stop("url-own", "lin", at("{link}")),
    Stop("bookmark-own", "lin", at("{bookmark}")),
    Stop("add", "lin", at("/add")),
    Stop("add-known", "lin", at(f"/add?url={TEN[0]['href']}")),
    Stop("add-secret", "lin", at(f"/add?url={SECRET}&title=The+yearly+report")),
    Stop("add-dot", "lin", _dotted),
    Stop("add-spelling", "lin", _typed(f"/add?url={SPELLED}&title=WAL&tags=sql", {}, "Save")),
    Stop("add-wrong", "lin", _typed("/add", {"Address": "javascript:alert(1)", "Tags": "... sql"}, "Save")),
    Stop("add-copy", "eve", at("/add?from={of_ana}")),
    Stop("add-window", "lin", at("/add?url=https://new.example/&title=New&jump=close")),
    Stop("search", "lin", at("/search")),
    Stop("search-best", "lin", at("/search?q=sql+or+%22write+ahead%22+in%3Anowhere&in=network&by=best")),
    Stop("search-many", "lin", at("/search?q=sql&in=mine&edit=many")),
    Stop("search-address", "lin", at("/search?q=https://nowhere.example/feed")),
    Stop("help-search", "", at("/help/search")),
    Stop("search-own", "lin", at("/search?q=sql&in=mine")),
    Stop("search-here", "", at("/search?q=nothing-like-it&in=here")),
    Stop("search-elsewhere", "lin", at("/search?q=sql&in=elsewhere")),
    Stop("notifications", "ana", at("/notifications")),
    Stop("notifications-none", "fay", at("/notifications")),
    Stop("settings-notifications", "lin", at("/settings/notifications")),
    Stop("report", "lin", at("/report?bookmark={of_ana}")),
    Stop("reports", "lin", at("/moderation/reports")),
    Stop("for-you", "lin", at("/for-you")),
    Stop("edit", "lin", at("{bookmark}/edit")),
    Stop("remove", "lin", at("{bookmark}/remove")),
    Stop("removed", "lin", _removed),
    Stop("followers", "lin", at("/followers")),
    Stop("people", "lin", at("/people")),
    Stop("people-blocked", "lin", at("/people/blocked")),
    Stop("people-muted", "lin", at("/people/muted")),
    Stop("people-blocked-wrong", "lin", _typed("/people/blocked", {"Block somebody": "lin"}, "Block")),
    Stop("moderation", "lin", at("/moderation")),
    Stop("engine", "lin", at("/moderation/engine?span=hours")),
    Stop("tag-pages", "lin", at("/moderation/streams")),
    Stop("error-403", "ana", at("/moderation")),
    Stop("settings", "lin", at("/settings")),
    Stop("settings-move", "lin", at("/settings/move")),
    Stop("set-aside", "lin", at("/moderation/set-aside")),
    Stop("invites", "lin", at("/settings/invites")),
    Stop("password", "lin", at("/settings/password")),
    Stop(
        "password-wrong",
        "lin",
        _typed("/settings/password", {"The password now": "not this one", "The new one": "short"}, "Change it"),
    ),
    Stop("sessions", "lin", at("/settings/sessions")),
    Stop("notes", "lin", at("/u/lin/notes")),
    Stop("notes-none", "nobody_yet", at("/u/nobody_yet/notes")),
    Stop("lists-none", "nobody_yet", at("/network/lists")),
    Stop("people-none", "nobody_yet", at("/people")),
    Stop("saved", "lin", _saved),
    Stop("note-written", "lin", _typed("/notes/add", {"Title": "On paper", "Text": NOTE}, "Save")),
    Stop("note-wrong", "lin", _typed("/notes/add", {"Title": "Nothing"}, "Save")),
    Stop("keys", "lin", at("/settings/keys")),
    Stop(
        "keys-made",
        "lin",
        _typed("/settings/keys", {"What it is for": "the phone", "Your password": PASSWORD}, "Make a key"),
    ),
    Stop(
        "keys-wrong",
        "lin",
        _typed("/settings/keys", {"What it is for": "the phone", "Your password": "not this one"}, "Make a key"),
    ),
    Stop("tags", "lin", at("/settings/tags")),
    Stop("tags-wrong", "lin", _merged("sql nothing-like-it", "sql")),
    Stop("tags-ask", "lin", _merged("sql", "databases")),
    Stop("bookmarklets", "lin", at("/settings/bookmarklets")),
    Stop("bookmarklets-key", "bo", _keyed),
    Stop("own-cloud", "lin", at("/u/lin?tags=all&mode=cloud")),
    Stop("tabs-none", "lin", at("/tabs")),
    Stop("tabs", "pia", _tabbed),
    Stop("tabs-wrong", "lin", _typed("/tabs", {TABS: "https://sqlite.org/\nnowhere"}, "Save")),
    Stop("bundles-none", "bo", at("/u/bo/bundles")),
    Stop("bundle-new", "lin", at("/u/lin/bundles/new")),
    Stop("bundle", "lin", _bundled),
    Stop("garden", "lin", at("/settings/tags/garden")),
    Stop("leave", "lin", at("/settings/leave")),
    Stop("import", "lin", at("/settings/import")),
    Stop("import-wrong", "lin", _wrong_file),
    Stop("import-preview", "lin", _uploaded("pinboard_export.json", broken_file)),
    Stop("import-report", "bo", _reported),
    Stop("import-running", "fay", _running),
    Stop("bulk-running", "fay", _changing_many),
    Stop("empty-own", "nobody_yet", at("/u/nobody_yet")),
    Stop("empty-network", "nobody_yet", at("/network")),
    Stop("empty-followers", "nobody_yet", at("/followers")),
    Stop("empty-for-you", "nobody_yet", at("/for-you")),
    Stop("empty-tags", "nobody_yet", at("/settings/tags")),
    Stop("locked-own", "pia", at("/u/pia")),
    Stop("locked-add", "pia", at("/add?url=https://a.example/")),
    Stop("locked-settings", "pia", at("/settings")),
    Stop("strange", "ute", at("/u/ute")),
    Stop("strange-bookmark", "ute", at("{strange}")),
    Stop("strange-long", "ute", at("{long}")),
    Stop("strange-edit", "ute", at("{strange}/edit")),
    Stop("strange-remove", "ute", at("{strange}/remove")),
    Stop("strange-tags", "ute", at("/settings/tags")),
    Stop("strange-garden", "ute", at("/settings/tags/garden")),
    Stop("strange-cloud", "ute", at("/u/ute?tags=all&mode=cloud")),
    Stop("strange-search", "ute", at("/search?q=a&in=mine")),
)

# Pages that are looked at in other languages too: of each kind one.
ABROAD = (
    *("recent", "settings", "add", "help-search", "statistics"),
    *("own", "network", "sign-in-wrong", "error-404", "tags"),
)

# Of a server that nobody has set up: the first page ever, and what goes wrong.
ALONE = (
    Stop("first-account", "", at("/setup")),
    Stop("error-429", "", _too_often),
    Stop("error-500", "", _broken),
)

"""What is pressed on the pages of one: of a bookmark, of a link, of what was said. It is done where it stands."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stops import press_it
from tests.browser.test_pages import FAULTS, violations
from tests.browser.world import post
from tests.support.processes import until

pytestmark = pytest.mark.browser


def stay(page: Page, path: str) -> None:
    """Open a page that knows afterwards whether it came anew."""
    page.goto(path)
    page.evaluate("window.stays = true")


def stayed(page: Page) -> bool:
    """Whether it is that page still."""
    return bool(page.evaluate("window.stays === true"))


def test_a_bookmark_is_liked_and_answered_on_its_page_by_keys_alone(window, world):
    path = world.save("bo", "https://one.example/1", title="One")
    page: Page = window("fay")
    stay(page, path)
    words = page.get_by_label("Your words")
    words.fill("Half a thought")

    page.locator("article details.more summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="like", exact=True).press("Enter")
    expect(page.locator(".aloud")).to_have_text("Done: like")
    expect(page.get_by_role("button", name="liked")).to_be_focused()
    expect(words).to_have_value("Half a thought")
    words.fill("Well said.")
    page.get_by_role("button", name="Reply", exact=True).press("Enter")

    expect(page.locator(".talk")).to_contain_text("Well said.")
    expect(page.get_by_role("button", name="Reply", exact=True)).to_be_focused()
    expect(words).to_have_value("")
    assert stayed(page)
    assert page.evaluate(FAULTS) == []
    page.reload()
    expect(page.get_by_role("button", name="liked")).to_be_visible()
    expect(page.locator(".talk li")).to_have_count(1)


def test_ones_own_bookmark_is_edited_and_removed_on_its_page_and_comes_back(window, world):
    path = world.save("dora", "https://one.example/2", title="Two", tags="one")
    page: Page = window("dora")
    stay(page, path)

    page.locator(".act").first.click()
    form = page.get_by_role("form", name="Edit: Two")
    form.get_by_label("Title").fill("Two, edited")
    press_it(page, form.get_by_role("button", name="Save", exact=True).last)
    expect(page.get_by_role("heading", level=1)).to_have_text("Two, edited")
    expect(page.locator(".act").first).to_be_focused()
    page.locator(".star").click()
    expect(page.locator(".star.on")).to_be_focused()
    page.locator("article details.more summary").click()
    page.get_by_role("link", name="remove", exact=True).click()
    expect(page.locator(".aloud")).to_contain_text("is gone from your bookmarks")
    press_it(page, page.get_by_role("button", name="Undo"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Two, edited")
    expect(page.locator(".star.on")).to_be_visible()
    assert stayed(page)


def test_whoever_hides_a_bookmark_on_its_page_comes_to_where_it_stands_now(page, world):
    path = world.save("eve", "https://one.example/3", title="Three")
    page.context.add_cookies(
        [{"name": n, "value": v, "url": world.process.url} for n, v in world.people["eve"].cookies.items()]
    )
    page.goto(path)

    press_it(page, page.locator(".act").first)
    page.locator("[name=visibility][value=private]").check()
    press_it(page, page.get_by_role("button", name="Save", exact=True).last)

    expect(page.locator("article .chip").first).to_have_text("private")
    assert path not in page.url


def test_what_was_said_is_answered_changed_and_taken_back_where_it_stands(window, world):
    path = world.save("bo", "https://one.example/4", title="Four")
    post(world.people["dora"], "/say", {"about": path, "words": "Is it so?", "kind": "reply"})
    page: Page = window("fay")
    stay(page, path)

    page.locator(".talk .act").click()
    form = page.get_by_role("form", name="Reply")
    expect(form.get_by_label("Your words")).to_be_focused()
    press_it(page, form.get_by_role("button", name="Reply"))
    expect(form.locator(".wrong")).to_have_text("Write something.")
    form.get_by_label("Your words").fill("It is so.")
    press_it(page, form.get_by_role("button", name="Reply"))
    expect(page.locator(".talk li")).to_have_count(2)
    expect(page.locator(".talk .act").first).to_be_focused()
    mine = page.locator(".talk li", has_text="It is so.")
    mine.locator("summary").click()
    mine.get_by_role("link", name="edit").click()
    mine.get_by_label("Your words").fill("It was so.")
    mine.get_by_label("Your words").press("Escape")
    expect(mine.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    mine.get_by_role("link", name="edit").press("Enter")
    expect(mine.get_by_label("Your words")).to_have_value("It was so.")
    press_it(page, mine.get_by_role("button", name="Save"))
    mine = page.locator(".talk li", has_text="It was so.")
    expect(mine).to_contain_text("edited")
    mine.locator("summary").click()
    mine.get_by_role("link", name="remove").click()
    expect(mine.get_by_role("button", name="Remove")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")

    expect(page.locator(".talk li")).to_have_count(1)
    assert stayed(page)


def test_on_the_page_of_a_link_each_save_is_liked_and_the_page_is_copied(window, world):
    for name in ("bo", "cy"):
        world.save(name, "https://one.example/5", title="Five", tags=f"of_{name}")
    page: Page = window("fay")
    page.goto("/t/of_bo")
    stay(page, page.locator(".title > a").get_attribute("href"))
    of_bo = page.locator(".entry", has_text="of_bo")

    of_bo.get_by_role("button", name="share").click()
    expect(of_bo.get_by_role("button", name="shared")).to_be_focused()
    of_bo.get_by_role("link", name="reply or remark").click()
    of_bo.get_by_label("Your words").fill("Well said.")
    page.get_by_role("link", name="Copy this bookmark").click()
    copy = page.get_by_role("form", name="Add a bookmark")
    press_it(page, copy.get_by_role("button", name="Save", exact=True).last)
    expect(page.get_by_role("link", name="Edit your bookmark")).to_be_focused()
    expect(page.locator(".entry")).to_have_count(3)
    expect(of_bo.get_by_label("Your words")).to_have_value("Well said.")
    press_it(page, of_bo.get_by_role("button", name="Reply"))

    expect(page.locator(".talk")).to_contain_text("Well said.")
    expect(of_bo.get_by_role("link", name="reply or remark")).to_be_focused()
    assert stayed(page)


def test_ones_own_save_is_edited_and_removed_in_its_line_on_the_page_of_the_link(window, world):
    for name in ("bo", "dora"):
        world.save(name, "https://one.example/8", title="Eight", tags=f"eight of_{name}")
    page: Page = window("dora")
    page.goto("/t/eight")
    stay(page, page.locator(".title > a").get_attribute("href"))
    mine = page.locator(".entry", has_text="of_dora")

    mine.get_by_role("link", name="edit", exact=True).click()
    form = page.get_by_role("form", name="Edit")
    form.get_by_role("combobox", name="Tags").fill("of_dora eighth")
    press_it(page, form.get_by_role("button", name="Save", exact=True).last)
    expect(mine.locator(".line > ul")).to_contain_text("eighth")
    expect(mine.get_by_role("link", name="edit", exact=True)).to_be_focused()
    assert page.evaluate(FAULTS) == []
    mine.locator("summary").click()
    mine.get_by_role("link", name="remove", exact=True).click()
    expect(page.locator(".aloud")).to_contain_text("is gone from your bookmarks")
    press_it(page, page.get_by_role("button", name="Undo"))

    expect(mine).to_have_count(1)
    assert stayed(page)


def test_without_scripts_editing_ones_own_save_leads_back_to_the_page_of_the_link(window, world):
    for name in ("bo", "dora"):
        world.save(name, "https://one.example/9", title="Nine", tags=f"nine of_{name}")
    page: Page = window("dora", scripts=False)
    page.goto("/t/nine")
    path = page.locator(".title > a").get_attribute("href")
    page.goto(path)

    press_it(page, page.locator(".entry", has_text="of_dora").get_by_role("link", name="edit", exact=True))
    page.get_by_label("Tags").fill("of_dora ninth")
    press_it(page, page.get_by_role("button", name="Save", exact=True).last)

    assert path in page.url
    expect(page.locator(".entry", has_text="of_dora")).to_contain_text("ninth")


def test_an_answer_is_hidden_by_whose_bookmark_it_is_and_replies_are_turned_off(window, world):
    path = world.save("ana", "https://one.example/6", title="Six")
    for words in ("Buy my book.", "A good one."):
        post(world.people["cy"], "/say", {"about": path, "words": words, "kind": "reply"})
    page: Page = window("ana")
    stay(page, path)
    spam = page.locator(".talk li", has_text="Buy my book.")

    spam.locator("summary").click()
    spam.get_by_role("button", name="hide").click()
    expect(page.locator(".talk li")).to_have_count(1)
    expect(page.locator("#e-rule")).to_contain_text("1 answer hidden")
    press_it(page, page.get_by_role("button", name="take no replies"))
    expect(page.get_by_role("button", name="take replies")).to_be_focused()
    assert stayed(page)
    with page.expect_navigation():
        page.get_by_role("link", name="1 answer hidden").click()
    page.get_by_role("button", name="show again").click()

    expect(page.locator(".talk li")).to_have_count(0)


def test_a_link_given_to_one_is_kept_or_not_and_the_next_is_come_to(window, world):
    for number in (1, 2):
        world.save("lin", f"https://given.example/{number}", title=f"Given {number}", tags="for:dora")
    until(lambda: all(f"Given {n}" in world.people["dora"].get("/for-you").text for n in (1, 2)))
    page: Page = window("dora")
    stay(page, "/for-you")
    expect(page.locator(".entry")).to_have_count(2)

    page.locator(".entry").first.get_by_role("button", name="keep").press("Enter")
    expect(page.locator(".entry")).to_have_count(1)
    expect(page.get_by_role("link", name="Given 1")).to_be_focused()
    assert stayed(page)
    page.get_by_role("button", name="dismiss").press("Enter")

    expect(page.get_by_role("heading", name="No links wait for you")).to_be_visible()


def test_what_was_typed_on_a_bookmarks_page_waits_for_whoever_signs_in(look, world):
    path = world.save("bo", "https://one.example/7", title="Seven")
    visit = look(world.process.url)
    visit.lend(world.people["fay"])
    page = visit.page
    stay(page, path)
    words = page.get_by_label("Your words")
    words.fill("Well said.")
    visit.context.clear_cookies()

    page.get_by_role("button", name="Reply", exact=True).click()
    way = page.locator("#e-say").get_by_role("link", name="Sign in")
    expect(way).to_have_attribute("target", "_blank")
    expect(words).to_have_value("Well said.")
    visit.lend(world.people["fay"])
    page.get_by_role("button", name="Reply", exact=True).click()

    expect(page.locator(".talk")).to_contain_text("Well said.")
    expect(way).to_have_count(0)
    assert stayed(page)
    assert [one for one in visit.complaints if "401" not in one] == []
    visit.complaints.clear()


def test_above_the_savers_of_a_link_stands_what_is_true_once_ones_own_is_removed_and_comes_back(window, world):
    for name in ("bo", "fay"):
        world.save(name, "https://above.example/6", title="Six", tags=f"six_{name}")
    page: Page = window("fay")
    page.goto("/t/six_bo")
    stay(page, page.locator(".title > a").get_attribute("href"))
    mine, above = page.locator(".entry", has_text="six_fay"), page.locator("#e-link")

    mine.locator("summary").click()
    press_it(page, mine.get_by_role("link", name="remove", exact=True))
    expect(above.get_by_role("link", name="Copy this bookmark")).to_be_visible()
    expect(above).to_contain_text("1 saver")
    press_it(page, page.get_by_role("button", name="Undo"))
    expect(above.get_by_role("link", name="Edit your bookmark")).to_be_visible()
    expect(above).to_contain_text("2 savers")
    expect(mine).to_have_count(1)

    above.get_by_role("link", name="Edit your bookmark").click()
    press_it(page, above.get_by_role("link", name="Remove …"))
    expect(mine).to_have_count(0)
    press_it(page, page.get_by_role("button", name="Undo"))

    expect(above.get_by_role("link", name="Edit your bookmark")).to_be_focused()
    expect(mine).to_have_count(1)
    assert stayed(page)
    assert page.evaluate(FAULTS) == []


def test_where_nobody_saved_a_link_any_more_nothing_leads_to_what_is_gone(look, world):
    world.save("fay", "https://above.example/7", title="Seven", tags="seven")
    visit = look(world.process.url)
    visit.lend(world.people["fay"])
    page: Page = visit.page
    page.goto("/t/seven")
    path = page.locator(".entry .menu a[href^='/url/']").get_attribute("href")
    assert path is not None
    stay(page, path)

    page.locator(".entry summary").click()
    press_it(page, page.get_by_role("link", name="remove", exact=True))
    expect(page.get_by_role("link", name="Edit your bookmark")).to_have_count(0)
    press_it(page, page.get_by_role("button", name="Undo"))

    expect(page.get_by_role("link", name="Edit your bookmark")).to_be_visible()
    assert stayed(page)
    assert [one for one in visit.complaints if "404" not in one] == []
    visit.complaints.clear()

// All works without this.
"use strict";

const LISTED = ".entry, .list > li, .told li, tbody tr";
const PLACES = { h: "/", r: "/recent", p: "/popular", n: "/network", s: "/search", t: "/settings/tags", u: ".me .menu a" };
let waitsForPlace = 0;

const on = (event, then) => document.addEventListener(event, then);
const make = (name, values) => Object.assign(document.createElement(name), values);
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");
const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey);

const here = () => document.activeElement.closest(LISTED);

// What stands for a line when it is come to.
const face = (line) => line.querySelector("a.p-name") ?? line.querySelector("h3 a, a[href], button, input");

function step(by) {
  const lines = [...document.querySelectorAll(LISTED)].filter((line) => face(line) && line.checkVisibility());
  const from = lines.indexOf(here());
  const to = from < 0 && by < 0 ? lines.length : from + by;
  const line = lines[Math.min(to, lines.length - 1)];
  if (!line) return;
  face(line).focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
}

function press(selector) {
  (here() ?? document.querySelector("main article"))?.querySelector(selector)?.click();
}

function go(place) {
  if (place.startsWith(".")) document.querySelector(place)?.click();
  else if (place !== PLACES.t || document.querySelector(".me")) location.assign(place);
}

async function explain() {
  let dialog = document.querySelector("dialog");
  if (!dialog) {
    const answer = await fetch("/help/keyboard");
    if (!answer.ok) return;
    const page = parsed(await answer.text());
    const keys = page.querySelector(".keys");
    dialog = make("dialog", { className: "keys", ariaLabel: page.querySelector("h1").textContent });
    const close = make("form", { method: "dialog" });
    close.append(make("button", { textContent: keys.dataset.close }));
    keys.className = "";
    dialog.append(keys, close);
    document.body.append(dialog);
  }
  dialog.showModal();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => press("a.p-name, a.u-bookmark-of"),
  e: () => press(':is(.acts, .under) a:is([href$="/edit"], [href^="/add?"])'),
  x: () => press(".pick"),
  n: () => document.querySelector('.do a[href="/add"]')?.click(),
  "/": () => document.querySelector("[data-slash]")?.focus(),
  "?": () => explain(),
  g: () => { waitsForPlace = Date.now(); },
};

on("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("textarea, select, dialog, .form, input:not(.pick)")) return;
  const goes = Date.now() - waitsForPlace < 1500;
  waitsForPlace = 0;
  if (goes && PLACES[event.key]) {
    event.preventDefault();
    go(PLACES[event.key]);
  } else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// What is still going on is looked at again, without the page blinking.
async function again() {
  if (!document.querySelector("[data-again]")) return;
  const answer = await fetch("", { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.ok) {
    const page = parsed(await answer.text());
    document.querySelector("main").replaceWith(page.querySelector("main"));
    document.title = page.title;
  }
  setTimeout(again, 2000);
}
setTimeout(again, 1000);

// A menu closes by a press beside it, or Escape, which puts a form in a line away too.
const MENU = "details[open]:is(.me, .more)";
on("click", (event) => {
  for (const open of document.querySelectorAll(MENU)) {
    if (!open.contains(event.target)) open.open = false;
  }
});
on("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  const open = event.target.closest(MENU);
  const box = event.target.closest(".within");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (box) toggle(box);
});

// What is pressed in an entry. (docs/decisions/0053)
const live = document.querySelector(".aloud");
const led = (button) => button.getAttribute("formaction") ?? button.form?.getAttribute("action");
const named = (line) => line.querySelector(".p-name");
const boxes = (line) => [...line.querySelectorAll(".within")];
const back = () => location.pathname + location.search;
const failed = () => tell(live.dataset.failed);

function tell(words) {
  live.textContent = words;
  setTimeout(() => { if (live.textContent === words) live.textContent = ""; }, 8000);
}

async function act(button, path, values) {
  const line = button.closest(".entry");
  if (line.ariaBusy) return;
  const lines = [...document.querySelectorAll(".entry")];
  const place = lines.indexOf(line);
  const sent = button.closest(".within");
  const kept = boxes(line).filter((box) => box !== sent);
  const ticked = line.querySelector(".pick:checked");
  values.set("back", back());
  line.ariaBusy = "true";
  tell("");
  await htmx.ajax("POST", path, { source: line, target: line, swap: "outerHTML", values }).catch(failed);
  line.ariaBusy = null;
  if (live.textContent) return;
  const now = document.getElementById(line.id);
  const asked = now?.querySelector("[role=status]");
  const pick = ticked && now?.querySelector(".pick");
  if (pick) pick.checked = true;
  for (const box of now && !asked ? kept : []) {
    now.append(box);
    htmx.process(box);
    // What was pressed beside a form must not be undone by it.
    const field = box.querySelector(`[type=checkbox][name="${button.name}"]`);
    if (field) field.checked = field.defaultChecked = button.value[0] !== "-";
  }
  tell(asked ? asked.textContent : `${live.dataset.told}: ${button.ariaLabel ?? button.textContent.trim()}`);
  const same = (one) => (button.name ? one.name === button.name : led(one) === path) || (sent && one.getAttribute("href") === sent.dataset.href);
  const again = now && [...now.querySelectorAll("button, a")].find((one) => same(one) && one.checkVisibility());
  const next = now ?? lines[place + 1] ?? lines[place - 1];
  (again ?? (sent && now?.querySelector(".act")) ?? (next && face(next)))?.focus({ preventScroll: true });
}

function toggle(box) {
  box.hidden = !box.hidden;
  const link = box.parentElement.querySelector(`a[href="${box.dataset.href}"]`);
  (box.hidden ? link?.closest("details")?.firstElementChild ?? link : box.querySelector("[autofocus]"))?.focus();
}

function put(line, href, page) {
  const form = page.querySelector("main form.form");
  if (!form) return null;
  const first = form.querySelector("[autofocus]") ?? form.querySelector("textarea");
  first.autofocus = true;
  for (const name of ["id", "for", "aria-describedby"]) {
    for (const one of form.querySelectorAll(`[${name}]`)) {
      one.setAttribute(name, one.getAttribute(name).replace(/\S+/g, `${line.id}-$&`));
    }
  }
  form.ariaLabel = `${page.querySelector("h1").textContent}: ${named(line)?.textContent}`;
  const all = boxes(line);
  const box = all.find((one) => one.dataset.href === href) ?? make("div", { className: "within" });
  for (const one of all) one.hidden = one !== box;
  box.dataset.href = href;
  box.replaceChildren(form);
  line.append(box);
  const script = page.querySelector('script[src*="/form.js"]');
  if (script) document.head.append(make("script", { src: script.src }));
  htmx.process(form);
  first.focus();
  first.selectionStart = 1e6;
  return form;
}

async function enter(link, href) {
  const line = link.closest(".entry");
  const box = boxes(line).find((one) => one.dataset.href === href);
  link.closest("details")?.removeAttribute("open");
  if (box) return toggle(box);
  if (line.ariaBusy) return;
  line.ariaBusy = "true";
  const answer = await fetch(href).catch(failed);
  line.ariaBusy = null;
  if (answer && (answer.redirected || !answer.ok || !put(line, href, parsed(await answer.text())))) location.assign(href);
}

on("submit", (event) => {
  const button = event.submitter;
  if (!window.htmx || !button?.closest(".entry[id]")) return;
  event.preventDefault();
  act(button, led(button), new FormData(event.target, button));
});
on("click", (event) => {
  const link = event.target.closest(".entry[id] :is(.acts, .within) a");
  if (!window.htmx || !link || !plain(event)) return;
  const href = link.getAttribute("href");
  if (href.endsWith("/remove")) act(link, href, new FormData());
  else if (/\/edit$|^\/add\?from=|^\/say\?/.test(href)) enter(link, href);
  else if (link.matches(".cancel")) {
    const box = link.closest(".within");
    toggle(box);
    box.remove();
  } else return;
  event.preventDefault();
});
on("htmx:beforeSwap", ({ detail }) => {
  const { target: line, xhr, requestConfig: { path } } = detail;
  if (!line.matches(".entry")) return;
  const page = parsed(xhr.responseText);
  const sent = boxes(line).find((box) => box.dataset.href.startsWith(path));
  if (xhr.status < 400) {
    // A copy is another save, of another name.
    const title = (one) => named(one)?.href ?? named(one)?.textContent;
    const ask = page.getElementById("ask");
    const now = ask ?? page.getElementById(line.id) ?? [...page.querySelectorAll(".entry")].find((one) => title(one) === title(line));
    if (ask) detail.swapOverride = "innerHTML";
    else if (now) now.id = line.id;
    detail.serverResponse = now?.outerHTML ?? "";
    // A line whose form stands open stays.
    detail.shouldSwap = now || boxes(line).every((box) => box === sent);
    return;
  }
  const form = xhr.status !== 401 && sent && put(line, sent.dataset.href, page);
  if (xhr.status === 401) {
    // What was typed waits for whoever signs in beside it.
    const box = boxes(line)[0] ?? document.querySelector(".within");
    if (!box) location.assign(`/sign-in?next=${encodeURIComponent(back())}`);
    else if (!box.querySelector("[target]")) box.append(Object.assign(page.querySelector("main .go a"), { target: "_blank" }));
  }
  detail.isError = !form;
  const said = (form || page).querySelectorAll("h1, h1 + .intro, .wrong, [role=alert], .box:has([name=instead])");
  tell([...said].map((one) => one.textContent.trim()).join(": ") || live.dataset.failed);
  for (const one of said) one.role = null;
});

const current = document.querySelector(".filters [aria-current]");
if (current) current.parentElement.scrollLeft = current.offsetLeft - 60;

// A folded description opens where it stands.
const folded = (more) => more?.closest(".entry")?.querySelector(".p-summary");
on("click", (event) => {
  const more = event.target.closest("a.unfold");
  const words = folded(more);
  if (!words || !plain(event)) return;
  event.preventDefault();
  words.classList.add("whole");
  words.tabIndex = -1;
  words.focus();
  more.remove();
});
for (const more of document.querySelectorAll("a.unfold")) {
  const words = folded(more);
  if (words && words.scrollHeight <= words.clientHeight + 1) more.hidden = true;
}

for (const handle of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = make("button", { type: "button", className: "quiet", textContent: handle.dataset.copy, ariaLive: "polite" });
  button.onclick = () => navigator.clipboard.writeText(handle.textContent.trim()).then(() => {
    button.textContent = "✓";
    setTimeout(() => { button.textContent = handle.dataset.copy; }, 2000);
  }, () => getSelection().selectAllChildren(handle));
  handle.after(button);
}

// Keys, copying, reading on. Everything works without them.
"use strict";

const LISTED = ".entry, .list > li, .told li, tbody tr";
const PLACES = { h: "/", r: "/recent", p: "/popular", n: "/network", s: "/search", t: "/settings/tags", u: ".me .menu a" };
let waitsForPlace = 0;

function here() {
  return document.activeElement.closest(LISTED);
}

// What stands for a line when it is come to: its title, or whatever can be pressed first.
function face(line) {
  return line.querySelector("a.p-name") ?? line.querySelector("h3 a, a[href], button, input");
}

function step(by) {
  const lines = [...document.querySelectorAll(LISTED)].filter((line) => face(line) && line.checkVisibility());
  const from = lines.indexOf(here());
  const to = from < 0 ? (by > 0 ? 0 : -1) : from + by;
  const line = lines.at(to < lines.length ? to : -1);
  if (!line || (from === 0 && by < 0)) return;
  face(line).focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
}

function press(selector) {
  const found = (here() ?? document.querySelector("main article") ?? document.createElement("i")).querySelector(selector);
  found?.click();
  return Boolean(found);
}

function go(place) {
  if (place?.startsWith(".")) document.querySelector(place)?.click();
  else if (place && (place !== PLACES.t || document.querySelector(".me"))) location.assign(place);
}

async function explain() {
  let dialog = document.querySelector("dialog.keys");
  if (!dialog) {
    const answer = await fetch("/help/keyboard");
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const keys = page.querySelector(".keys");
    if (!keys) return;
    dialog = document.createElement("dialog");
    dialog.className = "keys";
    dialog.setAttribute("aria-label", page.querySelector("h1").textContent);
    const close = document.createElement("form");
    close.method = "dialog";
    close.append(Object.assign(document.createElement("button"), { textContent: keys.dataset.close }));
    keys.removeAttribute("class");
    dialog.append(keys, close);
    document.body.append(dialog);
  }
  dialog.showModal();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => press("a.p-name, a.u-bookmark-of"),
  e: () => press(':is(.acts, .under) :is(a[href$="/edit"], a[href*="/edit?back="])') || press('.acts a[href^="/add?"]'),
  x: () => press('input[type="checkbox"]'),
  n: () => { if (document.querySelector('.do a[href="/add"]')) location.assign("/add"); },
  "/": () => document.querySelector("[data-slash]")?.focus(),
  "?": () => explain(),
  g: () => { waitsForPlace = Date.now(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("textarea, select, [contenteditable], dialog, input:not([type=checkbox], [type=radio])");
  if (typing) return;
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
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(page.querySelector("main"));
    document.title = page.title;
  }
  setTimeout(again, 2000);
}
setTimeout(again, 1000);

// A menu closes when one presses beside it, or Escape.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details[open]:is(.me, .more)")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest("details[open]:is(.me, .more)");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// What one does to an entry happens where it stands, where htmx is: the page that it leads back to is fetched and this
// line taken out of it. What came of it is told; the focus stays, or goes to the next line when this one goes.
const live = document.querySelector(".aloud");
const led = (button) => button.getAttribute("formaction") ?? button.form?.getAttribute("action");

function tell(words) {
  live.textContent = words;
  setTimeout(() => { if (live.textContent === words) live.textContent = ""; }, 8000);
}

async function act(button, path, values, select, swap) {
  const line = button.closest(".entry");
  if (line.ariaBusy) return;
  const lines = [...document.querySelectorAll(".entry")];
  const place = lines.indexOf(line);
  line.ariaBusy = "true";
  values.back = location.pathname + location.search;
  tell("");
  const answer = htmx.ajax("POST", path, { source: line, target: line, select, swap: `${swap} ignoreTitle:true`, values });
  await answer.catch(() => tell(live.dataset.failed));
  line.ariaBusy = null;
  if (live.textContent) return;
  const now = document.getElementById(line.id);
  const asked = now?.querySelector("[role=status]");
  tell(asked ? asked.textContent : `${live.dataset.told}: ${button.textContent.trim()}`);
  const again = now && [...now.querySelectorAll("button")].find((one) => led(one) === path && one.checkVisibility());
  const next = now ?? lines[place + 1] ?? lines[place - 1];
  (again ?? (next && face(next)))?.focus({ preventScroll: true });
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!window.htmx || !button?.closest(".entry[id]")) return;
  event.preventDefault();
  const values = Object.fromEntries(new FormData(event.target, button));
  act(button, led(button), values, `#${button.closest(".entry").id}`, "outerHTML");
});
document.addEventListener("click", (event) => {
  const link = event.target.closest('.entry[id] a[href$="/remove"]');
  if (!window.htmx || !link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  act(link, link.getAttribute("href"), {}, "#ask", "innerHTML");
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.target.matches(".entry")) return;
  if (detail.xhr.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  if (detail.xhr.status < 400) return;
  const said = new DOMParser().parseFromString(detail.xhr.responseText, "text/html").querySelectorAll("h1, h1 + .intro");
  tell([...said].map((one) => one.textContent).join(": ") || live.dataset.failed);
});

// A folded description opens where it stands.
document.addEventListener("click", (event) => {
  const more = event.target.closest("a.unfold");
  const words = more?.closest(".entry")?.querySelector(".clamp");
  if (!words || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  words.classList.remove("clamp");
  words.tabIndex = -1;
  words.focus();
  more.remove();
});
for (const more of document.querySelectorAll("a.unfold")) {
  const words = more.closest(".entry")?.querySelector(".clamp");
  if (words && words.scrollHeight <= words.clientHeight + 1) more.hidden = true;
}

for (const handle of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = handle.dataset.copy;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(handle.textContent.trim());
      button.textContent = "✓";
      setTimeout(() => { button.textContent = handle.dataset.copy; }, 2000);
    } catch {
      getSelection().selectAllChildren(handle);
    }
  });
  handle.after(button);
}

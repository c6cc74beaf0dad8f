// All works without this.
"use strict";

const LISTED = ".entry, .list > li, .told li, tbody tr";
const PLACES = { h: "/", r: "/recent", p: "/popular", n: "/network", s: "/search", t: "/settings/tags", u: ".me .menu a" };
let waitsForPlace = 0;

const get = (selector) => document.querySelector(selector);
const every = (selector) => [...document.querySelectorAll(selector)];
const on = (event, then) => document.addEventListener(event, then);
const make = (name, values) => Object.assign(document.createElement(name), values);
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");
const read = (path) => fetch(path).then((answer) => (answer.ok ? answer.text().then(parsed) : null)).catch(() => null);
const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey);

const here = () => document.activeElement.closest(LISTED);

// What stands for a line when it is come to.
const face = (line) => line.querySelector("a.p-name") ?? line.querySelector("a[href], button, input");

function step(by) {
  const lines = every(LISTED).filter((line) => face(line) && line.checkVisibility());
  const from = lines.indexOf(here());
  const to = from < 0 && by < 0 ? lines.length : from + by;
  const line = lines[Math.min(to, lines.length - 1)];
  if (!line) return;
  face(line).focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
}

function press(selector) {
  (here() ?? get("main article"))?.querySelector(selector)?.click();
}

function go(place) {
  if (place.startsWith(".")) get(place)?.click();
  else if (place !== PLACES.t || get(".me")) location.assign(place);
}

async function explain() {
  let dialog = get("dialog");
  if (!dialog) {
    const page = await read("/help/keyboard");
    if (!page) return;
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
  o: () => press("a.p-name"),
  e: () => press(':is(.acts, .under) a:is([href$="/edit"], [href^="/add?"])'),
  x: () => {
    const line = here();
    const many = line && !line.querySelector(".pick") && get('[href*="edit=many"]');
    if (!many) return press(".pick");
    many.hash = line.id;
    many.click();
  },
  n: () => get(".do .primary")?.click(),
  "/": () => get("[data-slash]")?.focus(),
  "?": () => explain(),
  g: () => { waitsForPlace = Date.now(); },
};

on("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("textarea, select, dialog, .form, input:not(.pick)")) return;
  const goes = Date.now() - waitsForPlace < 1500;
  waitsForPlace = 0;
  const place = goes && PLACES[event.key];
  const does = place ? () => go(place) : KEYS[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

// What is still going on is looked at again, without the page blinking.
async function again() {
  if (!get("[data-again]")) return;
  const page = await read("");
  if (page) {
    get("main").replaceWith(page.querySelector("main"));
    document.title = page.title;
  }
  setTimeout(again, 2000);
}
setTimeout(again, 1000);

// A menu closes by a press beside it, or Escape, which puts a form in a line away too.
const MENU = "details[open]:is(.me, .more)";
on("click", (event) => {
  for (const open of every(MENU)) {
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

// What is pressed in a part of a page. (docs/decisions/0053)
const PART = "[id^=e-]";
const live = get(".aloud");
const called = (name) => document.getElementById(name);
const boxes = (part) => [...part.querySelectorAll(".within")];
// Itself, or the dots that hold it.
const seen = (one) => (one?.checkVisibility() ? one : one?.closest("details")?.firstElementChild);
const back = () => location.pathname + location.search;
const failed = () => tell(live.dataset.failed);

function tell(words) {
  live.textContent = words;
  setTimeout(() => { if (live.textContent === words) live.textContent = ""; }, 8000);
}

async function act(button, path, values) {
  const part = button.closest(PART);
  if (part.ariaBusy) return;
  const sent = button.closest("form.form");
  let answer;
  values.set("back", back());
  part.ariaBusy = "true";
  tell("");
  await htmx.ajax("POST", path, { source: part, values, handler: (_, { xhr }) => { answer = xhr; } }).catch(failed);
  const page = parsed(answer?.responseText);
  // What is said beside it of how many saved it.
  if (page.getElementById("ask") && called("savers")) {
    const now = await read("");
    for (const one of every("#e-link, #savers")) {
      if (!one.contains(part)) page.body.append(now?.getElementById(one.id) ?? one.cloneNode());
    }
  }
  part.ariaBusy = null;
  if (!answer) return;
  if (answer.status >= 400) refuse(part, page, answer.status, sent);
  else if (page.getElementById("ask") || new URL(answer.responseURL).pathname === location.pathname) swap(part, page, button, sent);
  else location.assign(answer.responseURL);
}

function swap(part, page, button, sent) {
  const names = every(PART).map((one) => one.id);
  const place = names.indexOf(part.id);
  const from = sent?.closest(".within");
  const kept = boxes(document).filter((box) => box !== from);
  const title = (one) => one.querySelector("a.p-name")?.href;
  const ask = page.getElementById("ask");
  // A copy is another save, of another name.
  const come = ask ?? page.getElementById(part.id) ?? (sent && [...page.querySelectorAll(PART)].find((one) => title(one) && title(one) === title(part)));
  if (come && !ask) come.id = part.id;
  if (part.querySelector(".pick:checked")) come?.querySelector(".pick")?.toggleAttribute("checked", true);
  // What was found elsewhere comes once.
  if (!come && from?.dataset.href.startsWith("/add?url=")) from.remove();
  // A line whose form stands open stays.
  else if (come || boxes(part).every((box) => box === from)) {
    const all = [...new Set([come, ...page.querySelectorAll("[hx-swap-oob]")])].map((one) => one?.outerHTML);
    htmx.swap(part, all.join(""), { swapStyle: ask ? "innerHTML" : "outerHTML" });
  }
  const now = called(part.id);
  for (const box of kept) {
    const home = called(box.parentElement?.id);
    if (home && !box.isConnected) {
      home.append(box);
      htmx.process(box);
    }
    // What was pressed beside a form must not be undone by it.
    const field = home && home === now && box.querySelector(`[type=checkbox][name="${button.name}"]`);
    if (field) field.checked = field.defaultChecked = button.value[0] !== "-";
  }
  tell(ask?.querySelector("[role=status]").textContent ?? `${live.dataset.told}: ${button.ariaLabel ?? button.textContent.trim()}`);
  const same = (one) => (button.name && one.name === button.name) || (from && one.getAttribute("href") === from.dataset.href);
  const again = now && seen([...now.querySelectorAll("button, a")].find(same));
  const next = now ?? called(names[place + 1]) ?? called(names[place - 1]);
  // An empty list has words for that.
  if (!next) return location.reload();
  (again ?? (sent && now?.querySelector(".act")) ?? face(next))?.focus({ preventScroll: true });
}

function refuse(part, page, status, sent) {
  const form = status !== 401 && sent && put(part, page, (fresh) => sent.replaceWith(fresh));
  if (status === 401) {
    // What was typed waits for whoever signs in beside it.
    const open = sent ?? boxes(part)[0] ?? boxes(document)[0];
    if (!open) location.assign(`/sign-in?next=${encodeURIComponent(back())}`);
    else if (!open.querySelector("[target]")) open.append(Object.assign(page.querySelector("main .go a"), { target: "_blank" }));
  }
  const said = (form || page).querySelectorAll("h1, h1 + .intro, .wrong, [role=alert], .box:has([name=instead])");
  tell([...said].map((one) => one.textContent.trim()).join(": ") || live.dataset.failed);
  for (const one of said) one.role = null;
}

function toggle(box) {
  box.hidden = !box.hidden;
  const link = box.parentElement.querySelector(`a[href="${box.dataset.href}"]`);
  (box.hidden ? seen(link) : box.querySelector("[autofocus]"))?.focus();
}

// The form of another page, under names of its own.
function put(part, page, into) {
  const form = page.querySelector("main form.form");
  if (!form) return null;
  const first = form.querySelector("[autofocus]") ?? form.querySelector("textarea, .danger");
  first.autofocus = true;
  for (const name of ["id", "for", "aria-describedby"]) {
    for (const one of form.querySelectorAll(`[${name}]`)) {
      one.setAttribute(name, one.getAttribute(name).replace(/\S+/g, `$&-${part.id}`));
    }
  }
  form.ariaLabel = `${page.querySelector("h1").textContent}: ${part.querySelector(".p-name:not(data), .p-author")?.textContent}`;
  into(form);
  const script = page.querySelector('script[src*="/form.js"]');
  if (script) document.head.append(make("script", { src: script.src }));
  htmx.process(form);
  first.focus();
  first.selectionStart = 1e6;
  return form;
}

async function enter(link, href) {
  const part = link.closest(PART);
  const box = boxes(part).find((one) => one.dataset.href === href);
  link.closest("details")?.removeAttribute("open");
  if (box) return toggle(box);
  if (part.ariaBusy) return;
  part.ariaBusy = "true";
  const answer = await fetch(href).catch(failed);
  part.ariaBusy = null;
  if (!answer) return;
  const into = (form) => {
    const fresh = make("div", { className: "within" });
    fresh.dataset.href = href;
    fresh.append(form);
    for (const one of boxes(part)) one.hidden = true;
    part.append(fresh);
  };
  if (answer.redirected || !answer.ok || !put(part, parsed(await answer.text()), into)) location.assign(href);
}

on("submit", (event) => {
  const button = event.submitter;
  if (!window.htmx || !button?.closest(PART)) return;
  event.preventDefault();
  act(button, event.target.getAttribute("action"), new FormData(event.target, button));
});
on("click", (event) => {
  const link = event.target.closest(`${PART} :is(.acts, .under, .within) a`);
  if (!window.htmx || !link || !plain(event)) return;
  const href = link.getAttribute("href");
  if (/\/b\/\w+\/remove$/.test(href)) act(link, href, new FormData());
  else if (/\/(edit|remove)$|^\/(add|say)\?/.test(href)) enter(link, href);
  else if (link.matches(".within .cancel")) {
    const box = link.closest(".within");
    toggle(box);
    box.remove();
  } else return;
  event.preventDefault();
});

// Where `x` began to edit many.
const begun = called(location.hash.slice(1))?.querySelector(".pick");
begun?.toggleAttribute("checked", true);
onload = () => begun?.focus();

const current = get(".filters [aria-current]");
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
for (const more of every("a.unfold")) {
  const words = folded(more);
  if (words && words.scrollHeight <= words.clientHeight + 1) more.hidden = true;
}

for (const handle of navigator.clipboard ? every("[data-copy]") : []) {
  const button = make("button", { type: "button", className: "quiet", textContent: handle.dataset.copy, ariaLive: "polite" });
  button.onclick = () => navigator.clipboard.writeText(handle.textContent.trim()).then(() => {
    button.textContent = "✓";
    setTimeout(() => { button.textContent = handle.dataset.copy; }, 2000);
  }, () => getSelection().selectAllChildren(handle));
  handle.after(" ", button);
}

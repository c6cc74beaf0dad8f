// The form that saves: suggested words are pressed into the field, own tags complete what is typed, a page’s own title
// fills an empty one. Everything works without this.
"use strict";

if (document.querySelector("[data-done]")) window.close();

const field = document.getElementById("tags");
const about = document.getElementById("about");
const words = () => field.value.split(/[\s,]+/).filter(Boolean);

function showOffers() {
  const have = new Set(words().map((word) => word.toLowerCase()));
  for (const box of about.querySelectorAll("input[name=also]")) {
    box.checked = have.has(box.value);
    box.closest("fieldset").classList.add("live");
  }
}

function toggle(tag, on) {
  const others = words().filter((word) => word.toLowerCase() !== tag);
  field.value = [...others, ...(on ? [tag] : [])].join(" ") + " ";
}

function fill(said) {
  for (const name of ["title", "description"]) {
    const into = document.getElementById(name);
    if (into && !into.value && said.dataset[name]) into.value = said.dataset[name];
  }
}

function complete() {
  const list = document.createElement("ul");
  list.id = "completions";
  list.className = "completions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.labels[0]?.textContent ?? "");
  list.hidden = true;
  field.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) {
    field.setAttribute(name, value);
  }
  let asked = "";
  let chosen = -1;

  const begun = () => field.value.slice(0, field.selectionStart).split(/[\s,]+/).pop();

  function close() {
    list.hidden = true;
    chosen = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const all = [...list.children];
    chosen = (place + all.length) % all.length;
    all.forEach((one, number) => one.setAttribute("aria-selected", String(number === chosen)));
    field.setAttribute("aria-activedescendant", all[chosen].id);
  }

  function take(tag) {
    const end = field.selectionStart;
    const begin = end - begun().length;
    field.setRangeText(tag + " ", begin, end, "end");
    close();
    showOffers();
    field.focus();
  }

  field.addEventListener("input", async () => {
    const typed = begun();
    asked = typed;
    if (!typed) return close();
    const answer = await fetch(`/add/tags?begins=${encodeURIComponent(typed)}`);
    if (!answer.ok || asked !== typed) return;
    const have = new Set(words());
    const found = (await answer.json()).filter(([tag]) => tag !== typed && !have.has(tag));
    list.replaceChildren(...found.map(([tag, count], number) => {
      const one = document.createElement("li");
      one.id = `completion-${number}`;
      one.setAttribute("role", "option");
      one.dataset.tag = tag;
      const many = document.createElement("span");
      many.className = "n";
      many.textContent = count;
      one.append(tag, " ", many);
      return one;
    }));
    if (!found.length) return close();
    list.hidden = false;
    chosen = -1;
    field.setAttribute("aria-expanded", "true");
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(list.children[chosen].dataset.tag);
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const one = event.target.closest("li");
    if (one) take(one.dataset.tag);
  });
  field.addEventListener("blur", close);
}

function ask() {
  const title = document.getElementById("title");
  const look = about.querySelector("[data-look]");
  if (look && title && !title.value && window.htmx) htmx.trigger(look, "look");
}

if (field && about) {
  complete();
  showOffers();
  field.addEventListener("input", showOffers);
  about.addEventListener("change", (event) => {
    if (event.target.name === "also") toggle(event.target.value, event.target.checked);
  });
  // What is ticked stands in the field already.
  field.form.addEventListener("submit", () => {
    for (const box of about.querySelectorAll("input[name=also]")) box.disabled = true;
  });
  if (field.form.hasAttribute("data-adds")) {
    const url = document.getElementById("url");
    url.addEventListener("change", () => {
      if (window.htmx) htmx.ajax("GET", `/add/about?url=${encodeURIComponent(url.value)}`, { target: about, swap: "innerHTML" });
    });
    ask();
  }
  document.body.addEventListener("htmx:afterSettle", () => {
    const said = about.querySelector("[data-title]");
    if (said) {
      fill(said);
      said.remove();
    }
    showOffers();
    ask();
  });
}

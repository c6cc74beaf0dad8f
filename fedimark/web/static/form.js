// The form that saves: tags are offered and completed, a page’s own title fills an empty one. It runs anew for each form
// in a line.
"use strict";

if (get("[data-done]")) window.close();

function dress(form) {
  const { tags: field, title, url } = form.elements;
  const about = form.querySelector(".about");
  const words = () => field.value.split(/[\s,]+/).filter(Boolean);

  function showOffers() {
    const have = new Set(words().map((word) => word.toLowerCase()));
    for (const box of about.querySelectorAll("[name=also]")) {
      box.checked = have.has(box.value);
    }
  }

  function ask() {
    const look = about.querySelector("[data-look]");
    if (look && !title.value && window.htmx) htmx.trigger(look, "look");
  }

  about.classList.add("live");
  complete(field, words, showOffers);
  showOffers();
  field.addEventListener("input", showOffers);
  about.addEventListener("change", ({ target: { name, value, checked } }) => {
    if (name !== "also") return;
    const others = words().filter((word) => word.toLowerCase() !== value);
    field.value = [...others, ...(checked ? [value] : [])].join(" ") + " ";
  });
  // What is ticked stands in the field already.
  form.addEventListener("submit", () => {
    for (const box of about.querySelectorAll("[name=also]")) box.disabled = true;
  });
  form.addEventListener("htmx:afterSettle", () => {
    const said = about.querySelector("[data-title]");
    for (const name of said ? ["title", "description"] : []) {
      form.elements[name].value ||= said.dataset[name] ?? "";
    }
    said?.remove();
    showOffers();
    ask();
  });
  if (!form.hasAttribute("data-adds")) return;
  url.addEventListener("change", () => {
    if (window.htmx) htmx.ajax("GET", `/add/about?url=${encodeURIComponent(url.value)}`, { target: about, swap: "innerHTML" });
  });
  ask();
}

function complete(field, words, taken) {
  const list = make("ul", { id: `${field.id}-own`, className: "completions", role: "listbox", hidden: true });
  list.ariaLabel = field.labels[0].textContent;
  field.after(list);
  Object.assign(field, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false" });
  field.setAttribute("aria-controls", list.id);
  let asked = "";
  let chosen = -1;

  const begun = () => field.value.slice(0, field.selectionStart).split(/[\s,]+/).pop();

  function show(is) {
    list.hidden = !is;
    if (!is) asked = "";
    chosen = -1;
    field.ariaExpanded = String(is);
    field.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const all = [...list.children];
    chosen = (place + all.length) % all.length;
    all.forEach((one, number) => { one.ariaSelected = String(number === chosen); });
    field.setAttribute("aria-activedescendant", all[chosen].id);
  }

  function take({ dataset: { tag } }) {
    const end = field.selectionStart;
    field.setRangeText(tag + " ", end - begun().length, end, "end");
    show(false);
    taken();
    field.focus();
  }

  field.addEventListener("input", async () => {
    const typed = begun();
    asked = typed;
    if (!typed) return show(false);
    const tags = await fetch(`/add/tags?begins=${encodeURIComponent(typed)}`)
      .then((answer) => (answer.ok ? answer.json() : []))
      .catch(() => []);
    if (asked !== typed) return;
    const have = new Set(words());
    const found = tags.filter(([tag]) => tag !== typed && !have.has(tag));
    list.replaceChildren(...found.map(([tag, count], number) => {
      const one = make("li", { id: `${list.id}-${number}`, role: "option" });
      one.dataset.tag = tag;
      one.append(tag, " ", make("span", { className: "n", textContent: count }));
      return one;
    }));
    show(found.length > 0);
  });
  field.addEventListener("keydown", (event) => {
    if (!asked || event.isComposing) return;
    if (event.key === "Escape") show(false);
    else if (list.hidden) return;
    else if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(list.children[chosen]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const one = event.target.closest("li");
    if (one) take(one);
  });
  field.addEventListener("blur", () => show(false));
}

every("form:has(.about:not(.live))").forEach(dress);

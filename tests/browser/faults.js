// What is wrong with the page as it stands, as a list of sentences; none when nothing is.
() => {
  const faults = [];
  const told = (element) => `${element.outerHTML.slice(0, 120)} …`;
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = all("body *").filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1);
    faults.push(`scrolls sideways: ${wide.slice(0, 3).map(told).join(" | ")}`);
  }

  for (const field of all("input, select, textarea")) {
    const named = field.labels?.length || field.getAttribute("aria-label") || field.getAttribute("aria-hidden");
    if (field.type !== "hidden" && !named) faults.push(`has no label: ${told(field)}`);
  }
  for (const pressed of all("a[href], button, summary")) {
    if (!(pressed.textContent.trim() || pressed.getAttribute("aria-label"))) faults.push(`has no name: ${told(pressed)}`);
  }
  for (const picture of all("img")) {
    if (!picture.hasAttribute("alt")) faults.push(`has no words: ${told(picture)}`);
    if (picture.complete && !picture.naturalWidth) faults.push(`did not load: ${told(picture)}`);
  }
  for (const field of document.querySelectorAll("[aria-describedby]")) {
    for (const id of field.getAttribute("aria-describedby").trim().split(/\s+/)) {
      if (!document.getElementById(id)) faults.push(`is described by nothing (${id}): ${told(field)}`);
    }
  }

  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((one, place) => ids.indexOf(one) !== place))) faults.push(`two of id ${id}`);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  if (!root.lang) faults.push("no language");
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((one) => Number(one.tagName[1]));
  if (levels.some((level, place) => level > (levels[place - 1] ?? 0) + 1)) faults.push(`headings jump: ${levels}`);

  // Links inside sentences may be as small as their line (WCAG 2.5.8).
  const targets = "button:not(.vh), .button, select, summary, nav a, .line a, .rows a, .list > li > a, input:not(.vh)";
  for (const target of all(targets)) {
    if (target.type === "hidden") continue;
    const hit = ["checkbox", "radio"].includes(target.type) ? target.closest("label, .choice") ?? target : target;
    const { width, height } = hit.getBoundingClientRect();
    if (height < 24 || (width < 24 && !target.closest(".tags, .who, .by, .line, nav, .rows"))) {
      faults.push(`is ${Math.round(width)} × ${Math.round(height)}: ${told(target)}`);
    }
  }
  return faults;
}

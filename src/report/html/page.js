"use strict";
(() => {
  const page = document.documentElement;
  const table = document.getElementById("keys");
  if (!table) {
    page.classList.remove("reading");
    return;
  }
  const body = table.tBodies[0];
  const keys = Array.from(body.querySelectorAll("tr.key"), (row) => ({
    row,
    detail: row.nextElementSibling,
    text: "",
    sort: row.dataset,
  }));
  const field = (id) => document.getElementById(id);
  const controls = ["search", "by-verdict", "by-severity", "by-source"].map(field);
  const count = field("shown");

  // The text of a folded row, which is markup until it is opened.
  const entities = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
  const plain = (detail) => {
    const folded = detail.querySelector("noscript");
    if (!folded) return detail.textContent;
    return folded.textContent
      .replace(/<[^>]*>/g, " ")
      .replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity]);
  };

  // The markup was escaped where the page was made; the page's policy runs no
  // script in it, whatever it holds.
  const read = (detail) => {
    const folded = detail.querySelector("noscript");
    if (folded) detail.cells[0].innerHTML = folded.textContent;
  };

  // Rows beyond the limit are not laid out: thousands would take seconds.
  const step = 250;
  let limit = step;
  const more = field("more");

  const unfold = () => {
    let shown = 0;
    for (const key of keys) {
      const later = key.row.hidden || ++shown > limit;
      key.row.classList.toggle("later", later);
      key.detail.classList.toggle("later", later);
    }
    more.hidden = shown <= limit;
    more.textContent = `Show ${Math.min(step, shown - limit)} more of ${shown}`;
  };

  const filter = () => {
    const [search, verdict, severity, source] = controls.map((control) => control.value);
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const key of keys) {
      if (words.length && !key.text) {
        key.text = (key.row.textContent + " " + plain(key.detail)).toLowerCase();
      }
      const fits =
        (!verdict || key.sort.verdict === verdict) &&
        (!severity || key.sort.severity === severity) &&
        (!source || key.sort.sources.split(" ").includes(source)) &&
        words.every((word) => key.text.includes(word));
      key.row.hidden = !fits;
      key.detail.hidden = !fits;
      if (fits) shown += 1;
    }
    count.textContent = `${shown} of ${keys.length} keys`;
    limit = step;
    unfold();
  };

  const sort = (header) => {
    const name = header.dataset.sort;
    const descending = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const value = (key) => key.sort[name];
    const numeric = header.dataset.numeric !== undefined;
    const compare = numeric
      ? (a, b) => Number(value(a)) - Number(value(b))
      : (a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0);
    keys.sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
    const sorted = document.createDocumentFragment();
    for (const key of keys) sorted.append(key.row, key.detail);
    body.append(sorted);
    limit = step;
    unfold();
  };

  const open = (row, state) => {
    if (state) read(row.nextElementSibling);
    row.querySelector(".open-key").setAttribute("aria-expanded", String(state));
    row.nextElementSibling.classList.toggle("open", state);
  };

  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("open-key")) {
      open(button.closest("tr"), button.getAttribute("aria-expanded") !== "true");
    } else {
      sort(button.closest("th"));
    }
  });
  for (const control of controls) control.addEventListener("input", filter);
  more.addEventListener("click", () => {
    limit += step;
    unfold();
  });
  field("open-all").addEventListener("click", (event) => {
    const state = event.target.getAttribute("aria-pressed") !== "true";
    event.target.setAttribute("aria-pressed", String(state));
    event.target.textContent = state ? "Close all" : "Open all";
    for (const key of keys) if (!key.row.hidden && !key.row.classList.contains("later")) open(key.row, state);
  });

  const follow = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.classList.contains("key")) {
      target.hidden = target.nextElementSibling.hidden = false;
      target.classList.remove("later");
      target.nextElementSibling.classList.remove("later");
      open(target, true);
      target.scrollIntoView();
    }
  };
  addEventListener("beforeprint", () => {
    for (const key of keys) if (!key.row.hidden) read(key.detail);
  });
  addEventListener("hashchange", follow);
  filter();
  page.classList.remove("reading");
  follow();
})();

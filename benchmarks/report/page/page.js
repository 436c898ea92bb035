"use strict";
// Sorting, filtering, the story behind a cell, the theme. Everything shown comes in as text, never as markup.

const byId = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const data = JSON.parse(byId("data").textContent);

// ---- theme: the system's, until somebody switches ----

const system = matchMedia("(prefers-color-scheme: dark)");

function kept(theme) {
  try { // a page from disk may have no storage
    return theme ? localStorage.setItem("theme", theme) : localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function paint() {
  const root = document.documentElement;
  const dark = (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  byId("theme").setAttribute("aria-pressed", dark);
  return dark;
}

if (["light", "dark"].includes(kept())) document.documentElement.dataset.theme = kept();
system.addEventListener("change", paint);
byId("theme").addEventListener("click", () => {
  const theme = paint() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  kept(theme);
  paint();
});
paint();

// ---- a shadow where a table goes on ----

for (const scroll of all(".scroll")) {
  const look = () => {
    const { classList: sides, style } = scroll.parentElement;
    style.setProperty("--bar", `${scroll.offsetWidth - scroll.clientWidth}px`);
    style.setProperty("--foot", `${scroll.offsetHeight - scroll.clientHeight}px`);
    sides.toggle("left", scroll.scrollLeft > 1);
    sides.toggle("right", scroll.scrollLeft + scroll.clientWidth < scroll.scrollWidth - 1);
    sides.toggle("below", scroll.scrollTop + scroll.clientHeight < scroll.scrollHeight - 1);
  };
  const sizes = new ResizeObserver(look);
  for (const element of [scroll, ...scroll.children]) sizes.observe(element);
  scroll.addEventListener("scroll", look, { passive: true });
}

// ---- filters ----

const view = () => data.views.indexOf(byId("mark").value);

function filter() {
  const chapter = byId("chapter").value;
  const chosen = new Set(all("input[name=impl]:checked").map((box) => box.value));
  for (const element of all("[data-chapter]")) element.classList.toggle("off", chapter && element.dataset.chapter !== chapter);
  for (const element of all("[data-impl]")) element.classList.toggle("off", !chosen.has(element.dataset.impl));
  for (const charts of all("details.charts")) if (chapter && charts.dataset.chapter === chapter) charts.open = true;
  for (const button of all("button.cell")) {
    const shown = data.shown[data.cells[button.dataset.row][button.dataset.column].views[view()]];
    button.querySelector(".text").textContent = shown.text;
    button.querySelector(".flag").textContent = shown.flag;
    button.parentElement.className = shown.shade + (button.parentElement.classList.contains("off") ? " off" : "");
    button.parentElement.dataset.sort = shown.sort;
  }
  const rows = all("#verdicts tbody tr");
  byId("shown").textContent = `${rows.filter((row) => !row.classList.contains("off")).length} of ${rows.length} functions`;
  for (const head of all("#verdicts th[aria-sort]")) sort(head, head.ariaSort);
}

const filters = document.querySelector("form.filters");
filters.addEventListener("change", filter);
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("reset", () => setTimeout(filter));

// ---- sorting ----

function sort(head, order) {
  const column = [...head.parentElement.children].indexOf(head);
  const body = head.closest("table").tBodies[0];
  const value = (row) => parseFloat(row.children[column].dataset.sort ?? "NaN");
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...body.rows].map((row) => [value(row), row]);
  rows.sort(([a], [b]) => (isNaN(a) || isNaN(b) ? isNaN(a) - isNaN(b) : sign * (a - b))); // what has no value is last
  body.append(...rows.map(([, row]) => row));
  for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
}

for (const button of all("button.sort")) {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const first = head.matches(":first-child") ? "ascending" : "descending";
    const other = first === "ascending" ? "descending" : "ascending";
    sort(head, head.getAttribute("aria-sort") === first ? other : first);
  });
}

// ---- the story behind a cell ----

function made(tag, text, name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = name;
  return element;
}

const BADGES = { held: "right", failed: "wrong", departed: "departs", "not offered": "" };

function told(entry) {
  const item = document.createElement("li");
  const times = entry.n > 1 ? ` ${entry.n} ×` : "";
  item.append(made("span", entry.outcome + times, `badge ${BADGES[entry.outcome]}`), data.texts[entry.claim]);
  const error = entry.worst === undefined ? "" : ` · error over bound ${entry.worst}`;
  item.append(made("span", ` ${entry.mark}${error}`, "fine"));
  if (entry.story !== undefined && data.texts[entry.story]) item.append(made("pre", data.texts[entry.story]));
  return item;
}

function open({ row, column }) {
  const cell = data.cells[row][column];
  const mark = data.views[view()];
  const shown = data.shown[cell.views[view()]];
  const entries = cell.entries.filter((entry) => !mark || entry.mark === mark);
  const top = entries.filter((entry) => entry.top !== undefined).sort((a, b) => b.top - a.top)[0];
  byId("story-title").textContent = `${data.functions[row]} · ${data.implementations[column]}`;
  byId("story-value").textContent = data.values[row];
  byId("story-said").textContent = `${mark ? `Claims of ${mark}` : "All claims"}: ${shown.said}.`;
  byId("story-top").hidden = !top;
  if (top) {
    byId("story-worst").textContent = `Worst error over bound: ${top.worst}`;
    byId("story-claim").textContent = data.texts[top.claim];
    byId("story-input").textContent = top.input;
    byId("story-source").textContent = data.texts[top.source];
  }
  byId("copied").textContent = "";
  const failed = entries.filter((entry) => entry.outcome === "failed");
  const rest = entries.filter((entry) => entry.outcome !== "failed");
  byId("story-failed").hidden = !failed.length;
  byId("story-fails").replaceChildren(...failed.map(told));
  byId("story-rest").hidden = !rest.length;
  byId("story-claims").replaceChildren(...rest.map(told));
  byId("story").showModal();
  byId("story").scrollTop = 0;
}

for (const button of all("button.cell")) button.addEventListener("click", () => open(button.dataset));
byId("close").addEventListener("click", () => byId("story").close());
byId("story").addEventListener("click", (event) => event.target === byId("story") && byId("story").close());
byId("copy").addEventListener("click", async () => {
  const input = byId("story-input");
  try {
    await navigator.clipboard.writeText(input.textContent);
  } catch { // not everywhere from disk: then by what is selected
    getSelection().selectAllChildren(input);
    document.execCommand("copy");
  }
  byId("copied").textContent = "Copied";
});
filter(); // a reload keeps what was chosen

"use strict";
const root = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
root.dataset.theme = dark.matches ? "dark" : "light";
document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
});

function keyOf(row, column) {
  const cell = row.cells[column];
  if (!("value" in cell.dataset)) return cell.textContent.trim().toLowerCase();
  const number = Number.parseFloat(cell.dataset.value);
  return Number.isNaN(number) ? null : number;
}

function sortBy(table, header) {
  const column = header.cellIndex;
  const before = header.getAttribute("aria-sort");
  const up = before ? before !== "ascending" : header.dataset.first !== "descending";
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", up ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  rows.sort((a, b) => {
    const x = keyOf(a, column), y = keyOf(b, column);
    if (x === null || y === null) return (x === null) - (y === null);
    return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
  });
  body.append(...rows);
}

for (const table of document.querySelectorAll("table.sortable"))
  for (const button of table.tHead.querySelectorAll("button"))
    button.addEventListener("click", () => sortBy(table, button.closest("th")));

function filterRows(section) {
  const text = section.querySelector("input[data-filter]").value.trim().toLowerCase();
  const hidden = new Set();
  for (const box of section.querySelectorAll("input[data-family]"))
    if (!box.checked) hidden.add(box.dataset.family);
  const ablations = section.querySelector("input[data-ablations]");
  for (const row of ranked.get(section)) {
    const unwanted = "ablation" in row.dataset && ablations && !ablations.checked;
    row.hidden = unwanted || hidden.has(row.dataset.family) || !row.dataset.name.toLowerCase().includes(text);
  }
  collapseTies(section);
}

function collapseTies(section) {
  const box = section.querySelector("input[data-collapse]");
  const first = new Map();
  for (const row of ranked.get(section)) {
    delete row.cells[0].dataset.more;
    if (row.hidden || !box || !box.checked || !("rank" in row.dataset)) continue;
    const leader = first.get(row.dataset.rank);
    if (!leader) first.set(row.dataset.rank, row);
    else if (!("cheapest" in row.dataset)) {
      row.hidden = true;
      leader.cells[0].dataset.more = Number(leader.cells[0].dataset.more ?? 0) + 1;
    }
  }
}

// The rows of each leaderboard, best first whatever they are sorted by.
const ranked = new Map();
for (const section of document.querySelectorAll("section.dataset"))
  ranked.set(section, Array.from(section.querySelectorAll("tr[data-family]")));

for (const section of document.querySelectorAll("section.dataset"))
  for (const input of section.querySelectorAll(".chips input"))
    input.addEventListener("input", () => filterRows(section));

const opened = [];
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) {
    details.open = true;
    opened.push(details);
  }
});
window.addEventListener("afterprint", () => {
  for (const details of opened.splice(0)) details.open = false;
});

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
  const up = header.getAttribute("aria-sort") !== "ascending";
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

for (const box of document.querySelectorAll("input[data-family]"))
  box.addEventListener("change", () => {
    const section = box.closest("section");
    for (const row of section.querySelectorAll("tr[data-family]"))
      if (row.dataset.family === box.dataset.family) row.hidden = !box.checked;
  });

window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

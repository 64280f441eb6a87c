"use strict";
(function () {
  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const table = document.getElementById("joins");
  const tiles = Array.from(document.querySelectorAll(".tile"));
  const heads = Array.from(document.querySelectorAll("#joins thead th"));
  const rows = Array.from(table.tBodies);
  let kind = "";

  function apply() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = (kind === "" || row.dataset.kind === kind) &&
        words.every(function (word) { return row.dataset.search.includes(word); });
      row.hidden = !fits;
      count += fits ? 1 : 0;
    }
    shown.textContent = count + " of " + rows.length + " shown";
    none.hidden = count > 0;
  }

  for (const tile of tiles) {
    tile.addEventListener("click", function () {
      kind = tile.dataset.kind;
      for (const other of tiles) {
        other.setAttribute("aria-pressed", String(other === tile));
      }
      apply();
    });
  }
  filter.addEventListener("input", apply);

  document.documentElement.className = "scripted";
  for (const row of rows) {
    const button = row.querySelector("th button");
    const more = row.querySelector(".more");
    const show = function (open) {
      button.setAttribute("aria-expanded", String(open));
      more.hidden = !open;
    };
    show(false);
    button.addEventListener("click", function () { show(more.hidden); });
  }

  const order = new Intl.Collator(undefined, { numeric: true });
  heads.forEach(function (head, column) {
    head.addEventListener("click", function () {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) {
        other.removeAttribute("aria-sort");
      }
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const text = function (row) { return row.rows[0].cells[column].textContent.trim(); };
      const sorted = rows.slice().sort(function (a, b) { return order.compare(text(a), text(b)) * (down ? -1 : 1); });
      table.append(...sorted);
    });
  });
})();

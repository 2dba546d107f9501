"use strict";
// A link to a cell opens its section, and closing is left to the reader.
const opened = () => {
  const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (found instanceof HTMLDetailsElement) {
    found.open = true;
    found.scrollIntoView();
    found.querySelector("summary").focus({ preventScroll: true });
  }
};
// The same link again is no change of the address, so clicks are looked at.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link) setTimeout(opened);
});
addEventListener("hashchange", opened);
opened();
// What a filter leaves, in numbers.
const filters = document.querySelector("form.filters");
const said = document.getElementById("shown");
const cells = [...document.querySelectorAll("a.cell")];
const counted = () => {
  const filtered = [...filters.querySelectorAll("select")].some((one) => one.selectedIndex > 0);
  const shown = cells.filter((cell) => cell.offsetParent !== null).length;
  said.value = filtered ? `${shown} of ${cells.length} cells` : "";
};
filters?.addEventListener("change", counted);
// The controls change after this event.
filters?.addEventListener("reset", () => setTimeout(counted));

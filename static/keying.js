/* Keying paper ballots without the mouse: a sign in a cell goes on to the next one, Backspace back, Enter saves. */
(function () {
  "use strict";
  var form = document.getElementById("keying");
  if (!form) { return; }
  var cells = Array.prototype.slice.call(form.querySelectorAll(".cell"));
  /** @type {HTMLButtonElement} */
  var save = form.querySelector("button.primary");
  var said = document.getElementById("said");
  var current = document.getElementById("current");
  var sent = false;

  /* Full-width signs as half-width ones, as the server reads them. */
  function plain(text) {
    return text.replace(/[\uff01-\uff5e]/g, function (sign) {
      return String.fromCharCode(sign.charCodeAt(0) - 0xfee0);
    }).replace(/\s/g, "").toUpperCase();
  }
  function takes(cell) {
    var sign = plain(cell.value);
    return sign.length === 1 && cell.getAttribute("data-allowed").indexOf(sign) >= 0;
  }
  function go(cell) {
    if (!cell) { return; }
    cell.focus();
    if (cell.select) { cell.select(); }
  }
  function beside(cell, step) { return cells[cells.indexOf(cell) + step]; }
  function below(cell, step) {
    var row = cell.parentNode.parentNode;
    var next = cells[cells.indexOf(cell) + step * row.querySelectorAll(".cell").length];
    return next || (step > 0 ? cells[cells.length - 1] : cells[0]);
  }
  function refuse(cell) {
    var signs = cell.getAttribute("data-signs").split("");
    cell.setAttribute("aria-invalid", "true");
    said.textContent = "“" + cell.value + "”不能录在这一格，请录 " + signs.sort().join("、") + "。";
    cell.select();
  }
  function typed(cell) {
    if (plain(cell.value) === "") { return; }
    if (!takes(cell)) { refuse(cell); return; }
    cell.value = plain(cell.value);
    cell.removeAttribute("aria-invalid");
    said.textContent = "";
    go(beside(cell, 1) || save);
  }
  /* Whether every cell is filled in; if not, goes to the first that is not. */
  function complete() {
    var open = cells.filter(function (cell) { return !takes(cell); });
    if (!open.length) { return true; }
    said.textContent = "还有 " + open.length + " 格没有录好。没填的请录 0。";
    go(open[0]);
    return false;
  }

  cells.forEach(function (cell) {
    cell.addEventListener("focus", function () {
      cell.select();
      if (current) { current.textContent = cell.getAttribute("aria-label"); }
    });
    cell.addEventListener("input", function (event) { if (!event.isComposing) { typed(cell); } });
    cell.addEventListener("compositionend", function () { typed(cell); });
  });
  form.addEventListener("keydown", function (event) {
    var cell = event.target, at = cells.indexOf(cell), next;
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) { return; }
    if (cell === save) {
      if (event.key === "Backspace" || event.key === "ArrowLeft") { event.preventDefault(); go(cells[cells.length - 1]); }
      return;
    }
    if (at < 0) { return; }
    if (event.key === "Enter") {
      event.preventDefault();
      if (complete()) { save.click(); }
      return;
    }
    if (event.key === "Backspace" || event.key === "ArrowLeft") { next = beside(cell, -1) || cell; }
    if (event.key === "ArrowRight") { next = beside(cell, 1) || save; }
    if (event.key === "ArrowDown") { next = below(cell, 1); }
    if (event.key === "ArrowUp") { next = below(cell, -1); }
    if (next) { event.preventDefault(); go(next); }
  });
  form.addEventListener("submit", function (event) {
    if (sent || !complete()) { event.preventDefault(); return; }
    freeze(true);
  });
  /* What is shown while the answer is awaited is what was sent. */
  function freeze(is) {
    sent = is;
    cells.forEach(function (cell) { cell.readOnly = is; });
  }
  window.addEventListener("pageshow", function () { freeze(false); });
  go(cells.filter(function (cell) { return cell.hasAttribute("autofocus"); })[0]);
})();

/* Marking by keyboard and from Excel. Without it the forms work as they are; the server checks everything again. */
(function () {
  "use strict";

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  each(document.querySelectorAll("[data-copy]"), function (/** @type {HTMLButtonElement} */ button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      /** @type {HTMLTextAreaElement} */ (document.getElementById(button.getAttribute("data-copy"))).select();
      if (document.execCommand("copy")) { button.textContent = "已复制"; }
    });
  });

  /** @type {HTMLFormElement} */
  var form = document.querySelector("form[data-marking]");
  if (!form) { return; }
  var step = form.getAttribute("data-step");
  var wide = form.getAttribute("data-wide");
  var pattern = new RegExp("^(?:" + form.getAttribute("data-points") + ")$");
  /** @type {HTMLElement} */
  var pasted = form.querySelector(".pasted");
  /** @type {HTMLElement} */
  var hint = form.querySelector(".hint");
  var undo = [];
  var dirty = form.hasAttribute("data-unsaved"); /* shown again after a refusal, with what was typed */
  if (hint) { hint.hidden = false; }

  function clean(text) {
    return text.replace(/[\u200b-\u200f\u2060\ufeff]/g, "").replace(/[\s\u3000]+/g, " ").trim();
  }

  function narrow(text) {
    return text.replace(/[\uff0e\uff10-\uff19]/g, function (character) { return "0123456789.".charAt(wide.indexOf(character)); });
  }

  /* In hundredths: 0.3 is no whole number of 0.1 in binary. */
  function isMultiple(text) { return Math.round(Number(text) * 100) % Math.round(Number(step) * 100) === 0; }

  /* The server's rule (surveys/scoring/marks.py), whose pattern the form carries. */
  function fault(input) {
    var text = narrow(clean(input.value));
    if (!text) { return form.elements[input.name + ":seen"].value === "0" ? "" : "打过的分不能清空。"; }
    var most = input.getAttribute("data-most");
    var kept = input.getAttribute("data-kept");
    var stepped = "请按 " + step + " 分的整数倍填写";
    if (!pattern.test(text)) {
      return "“" + clean(input.value) + "”不是分数。" + (step === "0.01" ? "请填数字，最多两位小数。" : stepped + "。");
    }
    if (Number(text) > Number(most)) { return "超过满分 " + most + "。"; }
    if (isMultiple(text) || Number(text) === Number(most) || (kept && Number(text) === Number(kept))) { return ""; }
    return stepped + (isMultiple(most) ? "。" : "，或填满分 " + most + "。");
  }

  function check(input) {
    if (input.getAttribute("data-column") === "points") {
      var found = fault(input);
      var note = input.parentNode.querySelector(".typed");
      if (found && !note) {
        note = document.createElement("p");
        note.className = "fault typed";
        note.setAttribute("role", "alert");
        input.parentNode.appendChild(note);
      }
      if (note) { note.textContent = found; note.hidden = !found; }
      if (found) { input.setAttribute("aria-invalid", "true"); } else { input.removeAttribute("aria-invalid"); }
    }
    input.classList.toggle("changed", input.value !== input.defaultValue);
  }

  function cells(column) { return form.querySelectorAll('input[data-column="' + column + '"]'); }

  function move(input, by) {
    var all = Array.prototype.slice.call(cells(input.getAttribute("data-column")));
    var place = all.indexOf(input);
    while (all[place += by]) {
      if (all[place].offsetParent) { all[place].focus(); all[place].select(); return; }
    }
  }

  form.addEventListener("keydown", function (event) {
    var input = /** @type {HTMLInputElement} */ (event.target);
    if (!input.getAttribute || !input.getAttribute("data-column") || event.isComposing || event.keyCode === 229) { return; }
    if (event.key === "Enter") { event.preventDefault(); move(input, event.shiftKey ? -1 : 1); }
    if (event.key === "ArrowDown") { event.preventDefault(); move(input, 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); move(input, -1); }
  });
  form.addEventListener("input", function (event) { dirty = true; check(event.target); });
  /* What is shown while the answer is awaited is what was sent. */
  function freeze(is) { each(form.querySelectorAll("[data-column]"), function (input) { input.readOnly = is; }); }
  form.addEventListener("submit", function () { dirty = false; freeze(true); });
  window.addEventListener("pageshow", function () { freeze(false); });
  window.addEventListener("beforeunload", function (event) {
    if (dirty) { event.preventDefault(); event.returnValue = ""; }
  });

  /* Excel's text: quotes round a cell with a line break in it, doubled within. */
  function block(text) {
    var rows = [[""]];
    var quoted = false;
    text = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
    for (var at = 0; at < text.length; at += 1) {
      var row = rows[rows.length - 1];
      var character = text.charAt(at);
      if (character === '"' && (quoted || row[row.length - 1] === "")) {
        if (quoted && text.charAt(at + 1) === '"') { row[row.length - 1] += '"'; at += 1; } else { quoted = !quoted; }
      } else if (character === "\t" && !quoted) { row.push("");
      } else if (character === "\n" && !quoted) { rows.push([""]);
      } else { row[row.length - 1] += character; }
    }
    return rows.map(function (row) { return row.map(clean); });
  }

  function put(input, text) {
    if (input.value === text) { return 0; }
    undo.push([input, input.value]);
    input.value = text;
    check(input);
    return 1;
  }

  function name(text) { return text.replace(/ /g, ""); }

  function has(units, key) { return Object.prototype.hasOwnProperty.call(units, key); }

  var COLUMNS = ["points", "remark", "evidence"];

  /* Values from `column` on into one row of the page; what has no cell there is told. */
  function fill(row, column, texts, lost) {
    var columns = COLUMNS.slice(COLUMNS.indexOf(column));
    var count = 0;
    texts.forEach(function (text, number) {
      var input = columns[number] && row.querySelector('input[data-column="' + columns[number] + '"]');
      if (input && text) { count += put(input, text); }
      if (!input && text) { lost.push(row.getAttribute("data-unit") + "：" + text); }
    });
    return count;
  }

  function tell(count, lost) {
    pasted.hidden = false;
    pasted.textContent = "已填入 " + count + " 格，还没有保存。" +
      (lost.length ? "没有填的 " + lost.length + " 处：" + lost.slice(0, 20).join("；") + (lost.length > 20 ? "……" : "") + "。" : "");
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = "撤销粘贴";
    button.addEventListener("click", function () {
      undo.reverse().forEach(function (entry) { entry[0].value = entry[1]; check(entry[0]); });
      undo = [];
      pasted.hidden = true;
    });
    if (count) { pasted.appendChild(document.createElement("p")).appendChild(button); }
  }

  form.addEventListener("paste", function (event) {
    var input = /** @type {HTMLInputElement} */ (event.target);
    var data = event.clipboardData;
    if (!pasted || !data || !input.getAttribute("data-column") || input.readOnly) { return; }
    var text = data.getData("text");
    if (!/[\t\n]/.test(text.replace(/[\r\n]+$/, ""))) { return; }
    event.preventDefault();
    var found = block(text);
    var rows = Array.prototype.slice.call(form.querySelectorAll("tr[data-unit]"));
    var units = {};
    rows.forEach(function (row) { units[name(row.getAttribute("data-unit"))] = row; });
    var named = found.some(function (texts) { return texts.length > 1 && has(units, name(texts[0])); });
    var start = rows.indexOf(input.closest("tr"));
    var lost = [];
    var count = 0;
    undo = [];
    found.forEach(function (texts, number) {
      if (named) {
        var own = has(units, name(texts[0])) ? units[name(texts[0])] : null;
        if (own) { count += fill(own, "points", texts.slice(1), lost); } else if (texts.join("")) { lost.push(texts.join(" ")); }
      } else if (rows[start + number]) {
        count += fill(rows[start + number], input.getAttribute("data-column"), texts, lost);
      } else if (texts.join("")) { lost.push(texts.join(" ")); }
    });
    dirty = dirty || count > 0;
    tell(count, lost);
  });

})();

/* The poll wizard: choosing a division of tickets fills in its lines at once. Without script a button does it.
   Plain ES5 for Chromium 78. */
(function () {
  "use strict";
  var table = document.getElementById("classes");
  var filled = /** @type {HTMLInputElement} */ (document.getElementById("filled"));
  var parts = ["key", "name", "weight", "planned"];
  var own = null;

  /** @returns {HTMLInputElement} */
  function input(line, part) { return document.querySelector("#classes-" + line + "-" + part); }
  function read() {
    var lines = [];
    for (var line = 0; input(line, "key"); line++) {
      lines.push(parts.map(function (part) { return input(line, part).value; }));
    }
    return lines;
  }
  function write(lines) {
    for (var line = 0; input(line, "key"); line++) {
      parts.forEach(function (part, place) { input(line, part).value = (lines[line] || [])[place] || ""; });
    }
  }
  function choose(event) {
    var before = read(), planned = {};
    if (filled.value === "custom") { own = before; }
    filled.value = event.target.value;
    if (event.target.value === "custom") {
      if (own) { write(own); }
      return;
    }
    before.forEach(function (line) { planned[line[0]] = line[3]; });
    write(event.target.getAttribute("data-classes").split(";").filter(Boolean).map(function (text) {
      var line = text.split(",");
      return line.concat(planned[line[0]] || "");
    }));
  }

  if (!table) { return; }
  document.getElementById("fill").hidden = true;
  Array.prototype.forEach.call(document.querySelectorAll('input[name="preset"]'), function (radio) {
    radio.addEventListener("change", choose);
  });
})();

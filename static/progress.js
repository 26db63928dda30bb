/* Forms whose answer is a file that takes its time: shows how far it is, saves it, and says so when it is lost on its
   way. Where ticket codes are in it, which batch that was, and how to issue it anew.
   Without this script, or in a browser too old for it, the form downloads the file by itself.
   The answer (surveys/web/downloads.py): a line of JSON, a dot for each hundredth, the length on a line, the file. */
(function () {
  "use strict";
  var STEPWISE = "application/vnd.ceping.steps";
  if (!window.fetch || !window.ReadableStream || !window.FormData || !window.Uint8Array) { return; }
  var forms = document.querySelectorAll("form[data-steps]");
  var panels = ["making", "made", "lost", "unknown"];
  var busy = false;

  function show(name) {
    panels.forEach(function (each) { document.getElementById(each).hidden = each !== name; });
    var panel = document.getElementById(name);
    if (panel.scrollIntoView) { panel.scrollIntoView({ block: "nearest" }); }
    return panel;
  }

  function ready(is) {
    busy = !is;
    /* All of them: what a form shows meanwhile is what was sent. */
    Array.prototype.forEach.call(forms, function (form) {
      Array.prototype.forEach.call(form.elements, function (control) { control.disabled = busy; });
    });
  }

  function tell(panel, batch) {
    var place = panel.querySelector(".batch");
    if (place) { place.textContent = batch; }
  }

  function save(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.appendChild(link);
    link.click();
    document.body.removeChild(link);
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
  }

  function made(head, parts) {
    var blob = new Blob(parts, { type: head.type });
    var panel = show("made");
    tell(panel, head.batch);
    panel.querySelector(".name").textContent = head.name;
    /** @type {HTMLElement} */ (panel.querySelector(".again")).onclick = function () { save(blob, head.name); };
    save(blob, head.name);
  }

  function lost(head, sent) {
    if (!head) { show("unknown"); return; }
    var panel = show("lost");
    var again = panel.querySelector("form");
    tell(panel, head.batch);
    if (!again) { return; }
    again.action = again.getAttribute("action").replace(/\/\d+\/reissue$/, "/" + head.batch + "/reissue");
    ["format", "size"].forEach(function (name) { again.elements[name].value = sent.get(name); });
  }

  function receive(answer, sent) {
    var lines = [""];
    var parts = [];
    var got = 0;
    var bar = show("making").querySelector("progress");
    var reader = answer.body.getReader();

    function head() { return lines.length > 1 ? JSON.parse(lines[0]) : null; }

    function take(chunk) {
      var at = 0;
      while (at < chunk.length && lines.length < 4) {
        if (chunk[at] === 10) { lines.push(""); } else { lines[lines.length - 1] += String.fromCharCode(chunk[at]); }
        at += 1;
      }
      if (lines.length > 1) { bar.value = lines[1].length; }
      if (lines.length === 4) {
        parts.push(chunk.slice(at));
        got += chunk.length - at;
      }
    }

    function next(step) {
      if (!step.done) {
        take(step.value);
        return reader.read().then(next);
      }
      if (lines.length === 4 && got === Number(lines[2])) { made(head(), parts); } else { lost(head(), sent); }
      return null;
    }

    return reader.read().then(next).catch(function () { lost(head(), sent); });
  }

  function send(form) {
    var sent = new FormData(form);
    ready(false);
    show("making").querySelector("progress").value = 0;
    /** @type {RequestInit} */
    var options = { method: form.method.toUpperCase(), credentials: "same-origin", headers: { Accept: STEPWISE } };
    if (options.method === "POST") { options.body = new URLSearchParams(/** @type {any} */ (sent)); }
    fetch(form.action, options).then(function (answer) {
      if (answer.ok && (answer.headers.get("Content-Type") || "").indexOf(STEPWISE) === 0) {
        return receive(answer, sent);
      }
      if (answer.redirected || (answer.status >= 400 && answer.status < 500)) {
        ready(true);
        form.submit();  /* refused, and nothing was made: sent again, the browser shows why */
        return null;
      }
      show("unknown");
      return null;
    }, function () { show("unknown"); }).then(function () { ready(true); });
  }

  Array.prototype.forEach.call(forms, function (form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (!busy) { send(form); }
    });
  });
  window.addEventListener("beforeunload", function (event) {
    if (busy) {
      event.preventDefault();
      event.returnValue = "";
    }
  });
}());

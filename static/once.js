/* A second press while the first is under way would send the form twice, or call off an answer that comes only once.
   What was changed meanwhile is another form. Forms that a script sends itself are left to it. */
(function () {
  "use strict";
  var WAIT = 15000, sent = [];

  function contents(form, button) {
    var found = [button && button.name ? button.name + "=" + button.value : ""];
    if (window.FormData && FormData.prototype.forEach) {
      new FormData(form).forEach(function (/** @type {any} */ value, name) {
        found.push(name + "=" + (value && value.name !== undefined ? [value.name, value.size, value.lastModified] : value));
      });
    }
    return found.join("\n");
  }

  function free(entry) {
    sent = sent.filter(function (other) { return other !== entry; });
    entry.form.removeAttribute("aria-busy");
  }

  document.addEventListener("submit", function (event) {
    var form = /** @type {HTMLFormElement} */ (event.target);
    if (event.defaultPrevented || form.getAttribute("method") !== "post" || form.hasAttribute("data-steps")) { return; }
    var before = sent.filter(function (entry) { return entry.form === form; })[0];
    var entry = { form: form, contents: contents(form, event.submitter) };
    if (before && before.contents === entry.contents) { event.preventDefault(); return; }
    if (before) { free(before); }
    sent.push(entry);
    form.setAttribute("aria-busy", "true");
    /* A file comes back without the page going away: then nothing else says that it is over. */
    setTimeout(function () { free(entry); }, WAIT);
  });

  window.addEventListener("pageshow", function () { sent.slice().forEach(free); });
}());

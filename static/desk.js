/* The poll's own page while voting goes on: its figures and checks, asked for anew. What is being typed stays. Where no
   answer comes, the page says how old its figures are. */
(function () {
  "use strict";
  var ASK_MS = 5000, HIDDEN_MS = 60000, TIMEOUT_MS = 8000;
  var asked = Date.now();

  function clock() { return new Date().toTimeString().slice(0, 5); }
  function state(page) { return page.getElementById("badge").getAttribute("data-state"); }
  /* What keeps the figures from being new: the id of the words for it, or nothing. */
  function behind(why) {
    ["unreached", "signed-out"].forEach(function (id) { document.getElementById(id).hidden = id !== why; });
  }
  function show(page) {
    if (!page.getElementById("figures")) { /* our own page is the sign-in, any other a hotspot's */
      behind(page.querySelector("body.staff") ? "signed-out" : "unreached");
      return;
    }
    document.getElementById("as-of").textContent = clock();
    behind("");
    document.getElementById("changed").hidden = state(page) === state(document);
    Array.prototype.forEach.call(document.querySelectorAll("[data-live]"), function (part) {
      var fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) { part.innerHTML = fresh.innerHTML; }
    });
  }
  function look() {
    function again() { window.setTimeout(look, ASK_MS); }
    /* Behind another window too, now and then: whoever runs a meeting stays signed in. */
    if (document.hidden && Date.now() - asked < HIDDEN_MS) { again(); return; }
    asked = Date.now();
    var request = new XMLHttpRequest();
    request.open("GET", location.pathname);
    request.setRequestHeader("Asked-By-Script", "1");
    request.timeout = TIMEOUT_MS;
    request.onload = function () {
      if (request.status === 200) {
        show(new DOMParser().parseFromString(request.responseText, "text/html"));
      } else { behind("unreached"); }
      again();
    };
    request.onerror = request.ontimeout = function () { behind("unreached"); again(); };
    request.onabort = again;
    request.send();
  }
  document.getElementById("as-of").textContent = clock();
  window.setTimeout(look, ASK_MS);
})();

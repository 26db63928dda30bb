/* The poll's own page while voting goes on: its figures and checks, asked for anew. What is being typed stays. */
(function () {
  "use strict";
  var ASK_MS = 5000, TIMEOUT_MS = 8000;

  function state(page) { var found = page.querySelector("main .state"); return found ? found.textContent : ""; }
  function show(page) {
    if (!page.getElementById("figures")) { return; } /* signed out, or a hotspot's own page */
    document.getElementById("changed").hidden = state(page) === state(document);
    Array.prototype.forEach.call(document.querySelectorAll("[data-live]"), function (part) {
      var fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) { part.innerHTML = fresh.innerHTML; }
    });
  }
  function look() {
    function again() { window.setTimeout(look, ASK_MS); }
    if (document.hidden) { again(); return; }
    var request = new XMLHttpRequest();
    request.open("GET", location.pathname);
    request.timeout = TIMEOUT_MS;
    request.onload = function () {
      if (request.status === 200) { show(new DOMParser().parseFromString(request.responseText, "text/html")); }
      again();
    };
    request.onerror = request.ontimeout = request.onabort = again;
    request.send();
  }
  window.setTimeout(look, ASK_MS);
})();

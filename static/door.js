/* A door's screen with script: moves on by itself when its code was opened on a phone, and hides the code whenever it
   cannot know. Without script the button does it. The page holds one code; no second request can bring it back. */
(function () {
  "use strict";
  var ASK_MS = 1000, TIMEOUT_MS = 5000, LONGER_MS = 15000;
  var main = document.querySelector("main");
  var busy = false, doubt = false, ended = false, etag = "";

  function byId(id) { return document.getElementById(id); }
  function show(id, visible) { var found = byId(id); if (found) { found.hidden = !visible; } }
  function leaving() { return /** @type {HTMLFormElement} */ (byId("next")).elements["leaving"]; }

  function ask(method, address, body, done, failed) {
    var request = new XMLHttpRequest();
    request.open(method, address);
    request.timeout = body ? LONGER_MS : TIMEOUT_MS;
    if (body) { request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded"); }
    if (!body && etag) { request.setRequestHeader("If-None-Match", etag); }
    request.onload = function () { done(request.status, request.responseText, request.getResponseHeader("ETag")); };
    request.onerror = request.ontimeout = request.onabort = failed;
    request.send(body);
  }
  function turnTo(text) {
    var page = new DOMParser().parseFromString(text, "text/html");
    if (!page.getElementById("door")) { return false; }
    main.innerHTML = page.querySelector("main").innerHTML;
    var button = main.querySelector("button");
    if (button) { button.focus(); }
    etag = ""; ended = false;
    lost(false);
    return true;
  }
  /* A code that nobody can follow must not be scanned: two people would get the same ticket. */
  function lost(is) {
    show("lost", is);
    if (!busy) { show("code", !is && !ended); }
  }
  /* Time is up: the code waits, unseen, for voting to be given more. */
  function end(is) {
    ended = is;
    show("ended", is); show("next", !is);
  }
  /* A page that came without a code waits too. */
  function waits() { return !!byId("ended") && !byId("ended").hidden && !byId("code"); }
  function turn() {
    etag = "";
    ask("GET", location.pathname, null, function (status, text) {
      if (turnTo(text)) { doubt = false; }
    }, function () { lost(true); });
  }

  /* An answer that did not come may stand for a ticket made all the same: `doubt` asks before going on. */
  function next() {
    if (busy) { return; }
    busy = true; etag = "";
    show("code", false); show("changing", true);
    main.querySelector("button").disabled = true;
    ask("POST", location.pathname, "leaving=" + encodeURIComponent(leaving().value), function (status, text) {
      busy = false;
      doubt = !turnTo(text);
      if (doubt) { show("lost", true); }
    }, function () { busy = false; doubt = true; show("lost", true); });
  }
  function elsewhere(showing) {
    leaving().value = showing || "";
    show("code", false); show("elsewhere", true);
    byId("code").id = "old-code";
    main.querySelector("button").textContent = "在这块屏上继续发码";
  }
  function heard(state) {
    if (waits() && state.waiting) { lost(false); return; }
    if (state.waiting && byId("code") && !doubt) { end(true); lost(false); return; }
    if (!state.working || waits()) { turn(); return; }
    if (ended) { end(false); }
    if (doubt) {
      doubt = false;
      leaving().value = state.showing || "";
      next();
      return;
    }
    if (state.showing !== leaving().value) { elsewhere(state.showing); return; }
    lost(false);
    if (state.taken) { next(); }
  }
  function look() {
    if (busy || (!byId("code") && !doubt && !waits())) { window.setTimeout(look, ASK_MS); return; }
    function again() { window.setTimeout(look, ASK_MS); }
    ask("GET", location.pathname + "/state", null, function (status, text, tag) {
      var state = null;
      try { state = status === 200 ? JSON.parse(text) : null; } catch (error) { /* a hotspot's sign-in page */ }
      if (!busy) {
        if (state && "showing" in state) { etag = tag || ""; heard(state); } else { lost(status !== 304); }
      }
      again();
    }, function () { if (!busy) { lost(true); } again(); });
  }
  function stayAwake() {
    if (navigator.wakeLock && !document.hidden) { navigator.wakeLock.request("screen").catch(function () {}); }
  }

  main.addEventListener("submit", function (event) { event.preventDefault(); next(); });
  document.addEventListener("visibilitychange", stayAwake);
  /* A page brought back by the back button would show an old code again. */
  window.addEventListener("pageshow", function (event) { if (event.persisted) { location.reload(); } });
  stayAwake();
  look();
})();

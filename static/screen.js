/* The hall's screen, kept up to date: asks for the figures, counts down, says when the network is gone. */
(function () {
  "use strict";
  var ASK_MS = 4000, TIMEOUT_MS = 8000, FRESH_EVERY = 15;
  var main = document.querySelector("main");
  var etag = "", asked = 0, deadline = null;

  function byId(id) { return document.getElementById(id); }
  function put(id, text) { var found = byId(id); if (found) { found.textContent = text; } }

  function ask(address, done, failed) {
    var request = new XMLHttpRequest();
    request.open("GET", address);
    request.timeout = TIMEOUT_MS;
    if (etag) { request.setRequestHeader("If-None-Match", etag); }
    request.onload = function () { done(request.status, request.responseText, request.getResponseHeader("ETag")); };
    request.onerror = request.ontimeout = request.onabort = failed;
    request.send();
  }
  function lost(is) { byId("lost").hidden = !is; }

  function set(closesIn) {
    deadline = closesIn === null ? null : Date.now() + closesIn * 1000;
    byId("clock").hidden = deadline === null;
    tick();
  }
  function tick() {
    if (deadline === null) { return; }
    var left = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
    var hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60, seconds = left % 60;
    var text = (hours ? hours + ":" + (minutes < 10 ? "0" : "") : "") + minutes + ":" + (seconds < 10 ? "0" : "") + seconds;
    put("left", left ? text : "时间到");
    byId("clock").classList.toggle("soon", left <= 60);
    if (!left) { deadline = null; turnOver(); }
  }
  function readClock() {
    var closesIn = byId("clock").getAttribute("data-closes-in");
    set(closesIn === "" ? null : Number(closesIn));
  }
  /* Another state has other words: the page itself, fetched again. */
  function turnOver() {
    etag = "";
    ask(location.pathname, function (status, text) {
      var page = new DOMParser().parseFromString(text, "text/html");
      if (!page.getElementById("screen")) { lost(true); return; }
      main.innerHTML = page.querySelector("main").innerHTML;
      readClock();
    }, function () { lost(true); });
  }
  function heard(live) {
    var shown = byId("screen");
    if (live.state !== shown.getAttribute("data-state")
      || live.time_is_up !== (shown.getAttribute("data-time-is-up") === "1")) { turnOver(); return; }
    put("returned", live.returned);
    put("entitled", live.entitled);
    put("present", live.present === null ? "" : live.present);
    byId("present-part").hidden = live.present === null;
    var bar = /** @type {HTMLProgressElement} */ (byId("bar"));
    if (bar) { bar.max = Math.max(1, live.base); bar.value = live.returned; }
    set(live.time_is_up ? null : live.closes_in);
  }
  function look() {
    function again() { window.setTimeout(look, ASK_MS); }
    asked += 1;
    if (asked % FRESH_EVERY === 0) { etag = ""; } /* sets the clock by the server's again */
    ask(location.pathname + "/live", function (status, text, tag) {
      var live = null;
      try { live = status === 200 ? JSON.parse(text) : null; } catch (error) { /* a hotspot's sign-in page */ }
      lost(status !== 304 && !live);
      if (live) { etag = tag || ""; heard(live); }
      again();
    }, function () { lost(true); again(); });
  }
  function stayAwake() {
    if (navigator.wakeLock && !document.hidden) { navigator.wakeLock.request("screen").catch(function () {}); }
  }

  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
  readClock();
  window.setInterval(tick, 500);
  window.setTimeout(look, ASK_MS);
})();

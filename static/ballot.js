/* The ballot with script; without it the page works as it stands. Plain ES5 for Chromium 78 and iOS 12.
   The device keeps a draft until it is cast, and never on a shared tablet: {answers, nonce}. A draft with a nonce was
   handed over and may have been counted: it is sent again as it is until an answer comes. A nonce is for one
   set of answers only: with another the server would show the receipt of the first. */
(function () {
  "use strict";
  var IDLE_MS = 60000, WARN_MS = 15000, RECEIPT_MS = 30000, TIMEOUT_MS = 20000, LONGEST_WAIT_MS = 30000;
  var START = "/?kiosk=1";
  var main = document.querySelector("main");
  var kiosk = isShared();
  var key = "ceping-" + digest(location.pathname.toUpperCase().replace(/[^0-9A-Z]/g, ""));
  var sent = false, over = true, watch = 0;

  /* Storage may be forbidden or full: then there is no draft. */
  function store(name, value) {
    try {
      if (value === undefined) { return localStorage.getItem(name); }
      if (value === null) { localStorage.removeItem(name); } else { localStorage.setItem(name, value); }
    } catch (error) { /* no storage */ }
    return null;
  }
  /* Kept for the device, not the tab: the tablet's camera opens each code in a tab of its own. */
  function isShared() {
    var asked = /[?&]kiosk=([01])/.exec(location.search);
    if (asked) { store("ceping-kiosk", asked[1] === "1" ? "1" : null); }
    return store("ceping-kiosk") === "1";
  }
  /* 53 bits of the code: whoever reads the storage cannot vote with it. */
  function digest(text) {
    var one = 0xdeadbeef, two = 0x41c6ce57;
    for (var i = 0; i < text.length; i++) {
      one = Math.imul(one ^ text.charCodeAt(i), 2654435761);
      two = Math.imul(two ^ text.charCodeAt(i), 1597334677);
    }
    one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
    two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
    return (4294967296 * (2097151 & two) + (one >>> 0)).toString(36);
  }
  function newNonce() {
    var text = "";
    each(crypto.getRandomValues(new Uint8Array(16)), function (byte) { text += (byte < 16 ? "0" : "") + byte.toString(16); });
    return text;
  }
  function each(list, act) { Array.prototype.forEach.call(list, act); }
  function make(tag, text, className) {
    var element = document.createElement(tag);
    if (text) { element.textContent = text; }
    if (className) { element.className = className; }
    return element;
  }
  function alarm(tag, text, className) {
    var element = make(tag, text, "fault" + className);
    element.setAttribute("role", "alert");
    return element;
  }
  function button(text, act, className) {
    var element = make("button", text, className);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  }
  function show(element, visible) { if (element) { element.hidden = !visible; } }

  function largeType() {
    var root = document.documentElement;
    function set(on) {
      root.classList.toggle("large", on);
      toggle.setAttribute("aria-pressed", String(on));
      store("ceping-large", on ? "1" : null);
    }
    var toggle = button("大字", function () { set(!root.classList.contains("large")); }, "large-toggle");
    document.body.insertBefore(toggle, main);
    set(store("ceping-large") === "1");
  }

  function draft() {
    try { return kiosk ? null : JSON.parse(store(key) || "null"); } catch (error) { return null; }
  }
  function keep(record) { if (!kiosk) { store(key, JSON.stringify(record)); } }
  function ask(address, body, done, failed) {
    var request = new XMLHttpRequest();
    request.open(body ? "POST" : "GET", address);
    request.timeout = TIMEOUT_MS;
    if (body) { request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded"); }
    request.onload = function () {
      done(request.status, new DOMParser().parseFromString(request.responseText, "text/html"));
    };
    request.onerror = request.ontimeout = request.onabort = failed;
    request.send(body);
  }
  function turnTo(page) {
    document.title = page.title;
    main.innerHTML = page.querySelector("main").innerHTML;
    var heading = main.querySelector("h1");
    heading.setAttribute("tabindex", "-1"); heading.focus();
    scrollTo(0, 0);
    settle();
    ballot(document.getElementById("ballot"));
  }
  /* A page without a ballot. `data-keep`: may be counted yet; it holds the answers, or there may be a draft. */
  function settle() {
    var receipt = document.getElementById("receipt"), reason = document.getElementById("reason");
    var keep = reason && reason.hasAttribute("data-keep"), again = reason && reason.querySelector("form");
    over = !again;
    if (receipt || (reason && !keep)) { store(key, null); }
    if (again) {
      sent = true;
      again.addEventListener("submit", function (event) {
        event.preventDefault();
        /** @type {HTMLButtonElement} */ (again.querySelector("[type=submit]")).disabled = true;
        send(fields(again));
      });
    } else if (keep) {
      if (draft()) { reason.appendChild(make("p", "您填的还在这部手机上。")); }
      reason.appendChild(button("刷新本页", function () { location.reload(); }, "primary"));
    }
    if (!kiosk || !(receipt || reason)) { return; }
    var farewell = make("div", "", "notice");
    if (receipt) { farewell.appendChild(make("p", "记好回执，请点“完成”，让给下一位。没有人操作，半分钟后自动返回。")); }
    farewell.appendChild(button(receipt ? "完成" : again ? "不投了，清空" : "返回，让给下一位", leave, again ? "" : "primary"));
    main.appendChild(farewell);
  }

  /* A shared tablet wipes itself: after the receipt, and after a minute without a touch. */
  function leave() {
    clearInterval(watch);
    store("ceping-large", null);
    location.replace(START);
  }
  function watchTablet() {
    var last = Date.now(), warning = null;
    each(document.querySelectorAll('a[href="/"]'), function (link) { link.href = START; });
    /** @type {HTMLInputElement} */
    var code = document.querySelector("#code"); /* the start page: only a code left behind is wiped */
    if (code) { main.appendChild(make("p", "这是公用平板，用完自动清空。", "notice")); }
    each(["touchstart", "keydown", "click", "scroll"], function (name) {
      document.addEventListener(name, function () {
        last = Date.now();
        if (warning) { warning.remove(); warning = null; }
      }, true);
    });
    watch = setInterval(function () {
      if ((code && !code.value) || (sent && !over)) { last = Date.now(); }
      var idle = Date.now() - last;
      if (idle > (document.getElementById("receipt") ? RECEIPT_MS : IDLE_MS)) { leave(); return; }
      if (idle > IDLE_MS - WARN_MS && !warning) {
        warning = alarm("p", "没有人操作，马上清空并回到首页。还在填请点一下屏幕。", " floating");
        document.body.appendChild(warning);
      }
    }, 1000);
  }

  /* What a form holds, as it is kept and sent. */
  function fields(from) {
    var record = { answers: {}, nonce: "" };
    each(from.querySelectorAll("input:checked, input[type=hidden]"), function (input) {
      if (input.name === "nonce") { record.nonce = input.value; } else { record.answers[input.name] = input.value; }
    });
    return record;
  }
  /* The same submission again and again until an answer comes. Whoever calls this has shut what it was read from. */
  function send(record) {
    var body = Object.keys(record.answers).map(function (name) {
      return encodeURIComponent(name) + "=" + encodeURIComponent(record.answers[name]);
    }).concat("nonce=" + record.nonce).join("&");
    var note = alarm("div", "", " floating"), words = make("p"), again = button("立即重试", attempt);
    var tries = 0, timer = 0, busy = false;
    note.appendChild(words); note.appendChild(again);
    document.body.appendChild(note);
    main.style.paddingBottom = "220px"; /* the note lies over nothing that can be read */
    window.addEventListener("online", attempt);
    sent = true;
    keep(record);
    attempt();

    function attempt() {
      if (busy) { return; }
      busy = true; tries += 1;
      clearTimeout(timer);
      show(again, false);
      words.textContent = tries === 1 ? "已交出，正在等回执，不能再改。请勿关闭。" : "还没有收到回执，请勿关闭。正在重试（第 " + tries + " 次）……";
      ask(location.pathname, body, answer, wait);
    }
    function wait() {
      busy = false;
      var pause = Math.min(1000 * Math.pow(2, tries - 1), LONGEST_WAIT_MS);
      words.textContent = "还没有收到回执，请勿关闭。" + Math.round(pause / 1000) + " 秒后自动重试，交几次都只计一次。";
      show(again, true);
      timer = setTimeout(attempt, pause);
    }
    function answer(status, page) {
      /* Only these have looked at the ticket: not a fault of the server, a proxy's refusal, a hotspot's sign-in page. */
      if (status >= 500 || !page.querySelector(status === 200 ? "#receipt" : "#reason, #ballot")) { wait(); return; }
      window.removeEventListener("online", attempt);
      note.remove(); main.style.paddingBottom = "";
      /* Not counted, or settled for good: then settle() drops it. */
      record.nonce = ""; keep(record);
      turnTo(page);
    }
  }

  /* Scanned from a door's screen: it may show the next code now. */
  var door = /[?&]d=(\w+)/.exec(location.search);
  if (door && navigator.sendBeacon) { navigator.sendBeacon("/d/" + door[1]); }

  largeType();
  /* The ticket is spent, and this device once handed something over and got no answer: was it that? */
  var kept = draft(), reason = document.getElementById("reason");
  if (kept && kept.nonce && reason && !reason.hasAttribute("data-keep")) { send(kept); } else { settle(); }
  ballot(document.getElementById("ballot"));
  if (kiosk) { watchTablet(); }

  function ballot(form) {
    if (!form) { return; }
    sent = false;
    var sections = form.querySelectorAll("section"), questions = form.querySelectorAll("fieldset");
    var step = 0, stuck = 0, notice = null;

    var bar = make("div", "", "progress");
    var count = make("span"); count.setAttribute("role", "status");
    var toBlank = button("下一处未填", nextBlank);
    bar.appendChild(count); bar.appendChild(toBlank);
    form.insertBefore(bar, form.firstChild);

    var review = make("section", "", "card review");
    review.setAttribute("aria-labelledby", "review");
    var submit = form.querySelector("button[type=submit]");
    var blanksMeant = form.querySelector(".check"), told = alarm("p", "", "");
    form.insertBefore(review, form.elements.nonce);

    var steps = make("div", "", "steps");
    var back = button("上一步", function () { go(step - 1); });
    var next = button("下一步", function () { go(step + 1); }, "primary");
    steps.appendChild(back); steps.appendChild(next);
    form.appendChild(steps);

    function answered(fieldset) { return !!fieldset.querySelector("input:checked"); }
    function blanks(within) {
      return Array.prototype.filter.call((within || form).querySelectorAll("fieldset"), function (fieldset) {
        return !answered(fieldset);
      });
    }
    function refresh() {
      var left = blanks();
      count.textContent = "已填 " + (questions.length - left.length) + "/" + questions.length;
      show(toBlank, left.length > 0 && step < sections.length);
      each(sections, function (section) {
        var own = section.querySelectorAll("fieldset").length, filled = own - blanks(section).length;
        section.querySelector(".filled").textContent = filled + "/" + own + (filled === own ? " ✓" : "");
      });
      each(questions, function (fieldset) { if (answered(fieldset)) { fieldset.classList.remove("blank"); } });
    }
    /* Scaled up by WeChat the bar would fill the screen: then only the card's head sticks. */
    function stick() {
      stuck = bar.offsetHeight < 80 ? bar.offsetHeight : 0;
      bar.style.position = stuck ? "" : "static";
      each(form.querySelectorAll("h2"), function (heading) { heading.style.top = stuck + "px"; });
    }
    function go(to) {
      step = Math.max(0, Math.min(to, sections.length));
      each(sections, function (section, number) { show(section, number === step); });
      var last = step === sections.length;
      refresh(); list();
      show(review, last); show(next, !last); show(back, step > 0);
      if (!last) {
        var following = sections[step + 1];
        next.textContent = following ? "下一步：" + following.querySelector("h2 b").textContent : "下一步：核对";
      }
      stick();
      var heading = (last ? review : sections[step]).querySelector("h2");
      heading.setAttribute("tabindex", "-1");
      heading.focus();
      scrollTo(0, step === 0 ? 0 : form.getBoundingClientRect().top + pageYOffset);
    }
    function stepOf(fieldset) { return Array.prototype.indexOf.call(sections, fieldset.closest("section")); }
    function visit(fieldset) {
      go(stepOf(fieldset));
      fieldset.classList.add("blank");
      fieldset.scrollIntoView();
      scrollBy(0, -stuck - 8 - fieldset.parentNode.querySelector("h2").offsetHeight); /* what sticks */
      fieldset.querySelector("input").focus();
    }
    function nextBlank() {
      var left = blanks(), here = blanks(sections[step]);
      if (left.length) { visit(here[0] || left[0]); }
    }
    function list() {
      var left = blanks();
      review.textContent = "";
      var heading = make("h2", sent ? "等回执" : "核对"); heading.id = "review";
      review.appendChild(heading);
      review.appendChild(make("p", sent ? "已交出，正在等回执，不能再改。" : "还没有提交。" + (left.length ? "还有 " + left.length + " 项没有填，" + (blanksMeant ? "" : "填完才能提交，") + "点一下就到那里：" : "全部 " + questions.length + " 项都已填，请点“提交”；提交后不能修改。")));
      each(sent ? [] : left, function (fieldset) {
        var whose = fieldset.closest("section").querySelector("h2 b").textContent;
        review.appendChild(button(whose + "：" + fieldset.querySelector("legend").lastChild.textContent, function () { visit(fieldset); }, "to-blank"));
      });
      told.textContent = left.length < questions.length ? form.getAttribute("data-spoil") : "整张票都没有填，这样提交会成为废票。";
      each(sent ? [] : blanksMeant ? [told, blanksMeant, submit] : [submit], function (part) { review.appendChild(part); });
      show(told, left.length && told.textContent); show(blanksMeant, left.length); show(submit, blanksMeant || !left.length);
      each(sections, function (section, number) {
        var line = sent ? make("p") : button("", function () { go(number); });
        line.className = "fold";
        line.appendChild(make("span", section.querySelector("h2 b").textContent));
        line.appendChild(make("span", section.querySelector(".filled").textContent));
        review.appendChild(line);
      });
    }

    /* On each tap; but not over what another tab has handed over. */
    function save() {
      var kept = draft(), answers = {};
      if (kept && kept.nonce) { return; }
      each(form.querySelectorAll("fieldset input:checked"), function (input) { answers[input.name] = input.value; });
      keep({ answers: answers, nonce: "" });
    }
    function fill(answers) {
      each(questions, function (fieldset) {
        if (answered(fieldset)) { return; }
        each(fieldset.querySelectorAll("input"), function (input) { input.checked = answers[input.name] === input.value; });
      });
    }
    /* Nothing to decide and nothing to lose: it takes two taps, at two places, to clear what was kept. */
    function restore(answers) {
      var before = blanks().length;
      fill(answers);
      if (blanks().length === before) { return; }
      notice = make("div", "", "notice");
      var words = make("p", "已恢复上次填的 " + (before - blanks().length) + " 项。"), more = make("details");
      words.setAttribute("role", "status");
      more.appendChild(make("summary", "清空重填"));
      more.appendChild(button("全部清空，从头填", function () { store(key, null); form.reset(); notice.remove(); go(0); }));
      notice.appendChild(words); notice.appendChild(more);
      main.insertBefore(notice, main.querySelector("main > .card, main > form"));
      go(blanks().length ? stepOf(blanks()[0]) : sections.length);
    }
    function handOver(record) {
      sent = true; over = false;
      if (notice) { notice.remove(); }
      go(sections.length);
      show(steps, false);
      each(form.querySelectorAll("fieldset, button, input"), function (element) { element.disabled = true; });
      send(record);
    }

    function cast(event) {
      event.preventDefault();
      if (sent) { return; }
      var left = blanks().length, tick = form.elements.blanks_meant;
      if (left && !(tick && tick.checked)) {
        go(sections.length);
        if (tick) {
          told.textContent = "还没有提交：没填的项请点上面补填，或勾选“我有意不填”再提交。" + told.textContent;
          show(told, true);
          tick.focus();
          submit.scrollIntoView(false);
        }
        return;
      }
      if (tick && !left) { tick.checked = false; }
      form.elements.nonce.value = newNonce();
      handOver(fields(form));
    }

    /* Read on the spot: leaving the form on a shared tablet loses it. */
    /** @type {HTMLAnchorElement} */
    var secrecy = main.querySelector("a[href*=secrecy]"), text = null;
    if (secrecy) {
      secrecy.addEventListener("click", function (event) {
        event.preventDefault();
        if (text) { show(text, text.hidden); return; }
        text = make("div");
        form.parentNode.insertBefore(text, form);
        ask(secrecy.href, "", function (status, page) {
          if (status !== 200) { text = null; return; }
          text.innerHTML = page.querySelector("main").innerHTML;
          text.querySelector("h1").remove();
        }, function () { text = null; });
      });
    }

    form.addEventListener("change", function () { refresh(); save(); });
    form.addEventListener("submit", cast);
    window.addEventListener("resize", stick);
    if (window.ResizeObserver) { new ResizeObserver(stick).observe(bar); }
    document.documentElement.classList.add("stepwise");
    if ("scrollRestoration" in history) { history.scrollRestoration = "manual"; } /* the steps have another length */
    var first = form.querySelector(".blank"), kept = draft() || { answers: {}, nonce: "" };
    go(0);
    if (kept.nonce) {
      form.reset(); /* what a browser filled in by itself */
      fill(kept.answers); handOver(kept);
    } else { restore(kept.answers); }
    if (first && !sent) { visit(first); } else { scrollTo(0, 0); /** @type {HTMLElement} */ (document.activeElement).blur(); }
    /* Brought back by the back button, the page may be older than the vote. */
    window.addEventListener("pageshow", function (event) { if (event.persisted && !sent) { location.reload(); } });
  }
})();

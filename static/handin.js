/* Hands in a file in pieces, with a progress bar, and goes on after a broken network. Without it the form posts whole. */
(function () {
  "use strict";
  var MOST_FAILURES = 8;

  function start(form, file) {
    var button = form.querySelector("button");
    var input = form.querySelector("input[type=file]");
    var ours = form.querySelectorAll("input[name=csrf_token], input[name=form_of], input[name=opened_for]");
    var piece = Number(form.getAttribute("data-piece"));
    var key = (file.size + "|" + file.lastModified + "|" + file.name).slice(0, 300);
    var box = progressOf(form);
    var sent = 0;
    var failures = 0;

    function percent(more) {
      return Math.min(100, Math.floor((sent + more) / file.size * 100));
    }

    function show(more) {
      box.bar.value = percent(more);
      box.words.textContent = "正在上传，已传 " + percent(more) + "%。请不要关闭本页。";
    }

    function stop(words) {
      box.words.textContent = words;
      button.disabled = false;
      input.disabled = false;
    }

    function retry() {
      failures += 1;
      if (failures > MOST_FAILURES) {
        stop("网络一直不通，已传 " + percent(0) + "%。网络好了再按一次“" + button.textContent + "”，会接着传。");
        return;
      }
      var seconds = Math.min(30, Math.pow(2, failures - 1));
      box.words.textContent = "网络断了，" + seconds + " 秒后自动接着传，已传 " + percent(0) + "%。请不要关闭本页。";
      setTimeout(next, seconds * 1000);
    }

    function answered(request) {
      if (request.status === 502 || request.status === 503 || request.status === 504) { retry(); return; }
      if (request.getResponseHeader("Session-Ended")) { signIn(); return; }
      var size = null;
      try { size = JSON.parse(request.responseText).size; } catch (error) { size = null; }
      if (request.status !== 200 || typeof size !== "number") {
        stop("没有传上去，可能是登录已过期，或账号换了单位。请刷新本页，重新登录后再传，会接着传。");
        return;
      }
      if (size <= sent) { retry(); return; }
      sent = size;
      failures = 0;
      next();
    }

    function next() {
      if (sent >= file.size) { finish(); return; }
      var data = new FormData();
      Array.prototype.forEach.call(ours, function (field) { data.append(field.name, field.value); });
      data.append("key", key);
      data.append("offset", String(sent));
      data.append("piece", file.slice(sent, sent + piece), "piece");
      var request = new XMLHttpRequest();
      request.open("POST", form.getAttribute("data-pieces"));
      request.timeout = 120000;
      request.upload.onprogress = function (event) { show(event.loaded); };
      request.onload = function () { answered(request); };
      request.onerror = retry;
      request.ontimeout = retry;
      show(0);
      request.send(data);
    }

    /* The whole form goes, without the file: the answer keeps what was typed, and asks for the file again. */
    function signIn() {
      hidden(form, "part_name", file.name);
      input.disabled = true;
      form.submit();
    }

    function finish() {
      box.bar.value = 100;
      box.words.textContent = "已传完，服务器正在核对……";
      hidden(form, "part", key);
      hidden(form, "part_name", file.name);
      hidden(form, "part_size", String(file.size));
      form.submit(); /* without the file, whose input is shut: the whole is there */
    }

    button.disabled = true;
    input.disabled = true; /* what it shows is what is being sent */
    next();
  }

  function progressOf(form) {
    var words = form.querySelector("[role=status]");
    if (words) { return { words: words, bar: form.querySelector("progress") }; }
    var bar = document.createElement("progress");
    bar.max = 100;
    bar.setAttribute("aria-label", "上传进度");
    words = document.createElement("p");
    words.setAttribute("role", "status");
    form.appendChild(bar);
    form.appendChild(words);
    return { words: words, bar: bar };
  }

  function hidden(form, name, value) {
    var input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.appendChild(input);
  }

  Array.prototype.forEach.call(document.querySelectorAll("form[data-pieces]"), function (form) {
    form.addEventListener("submit", function (event) {
      var files = form.querySelector("input[type=file]").files;
      if (!window.FormData || !files || !files[0] || !files[0].size || !files[0].slice) { return; }
      event.preventDefault();
      start(form, files[0]);
    });
  });

  var fault = document.querySelector(".card [role=alert]");
  if (fault) { fault.scrollIntoView(); }

  /* Coming back by the browser's button finds the form as it was left: half sent. */
  window.addEventListener("pageshow", function (event) { if (event.persisted) { location.reload(); } });

  Array.prototype.forEach.call(document.querySelectorAll("[data-print]"), function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
})();

/* Forms that make accounts and hand their passwords out in one answer: a second press would call that answer off. */
(function () {
  "use strict";
  Array.prototype.forEach.call(document.querySelectorAll("form[data-once]"), function (form) {
    var busy = false;
    form.addEventListener("submit", function (event) {
      if (busy) { event.preventDefault(); }
      busy = true;
      setTimeout(function () { busy = false; }, 15000);
    });
  });
}());

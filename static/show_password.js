/* Shows what is typed in the password fields of a page while the box is ticked. */
(function () {
  "use strict";
  /** @type {HTMLInputElement} */
  var box = document.querySelector("#show-passwords");
  if (!box) { return; }
  /** @type {HTMLInputElement[]} */
  var fields = Array.prototype.slice.call(document.querySelectorAll("input[type=password]"));
  box.parentElement.hidden = false;
  box.addEventListener("change", function () {
    fields.forEach(function (field) { field.type = box.checked ? "text" : "password"; });
  });
}());

/* Says before sending that a file is too large: the server refuses it unread, and a browser may then show no page. */
(function () {
  "use strict";
  var inputs = document.querySelectorAll("input[type=file][data-most]");
  Array.prototype.forEach.call(inputs, function (input) {
    input.addEventListener("change", function () {
      var file = input.files && input.files[0];
      var large = file && file.size > Number(input.getAttribute("data-most"));
      input.setCustomValidity(large ? input.getAttribute("data-too-large") : "");
      if (large) { input.reportValidity(); }
    });
  });
})();

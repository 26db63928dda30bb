/* Gives this submission a number of its own, so that a repeated post of it gets the same receipt. */
(function () {
  "use strict";
  var nonce = document.getElementById("nonce");
  if (!nonce || nonce.value || !window.crypto || !window.crypto.getRandomValues) { return; }
  var bytes = new Uint8Array(16);
  window.crypto.getRandomValues(bytes);
  var text = "";
  for (var i = 0; i < bytes.length; i++) {
    text += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
  }
  nonce.value = text;
})();

/* The scripts run as they are, minified: what the least browser (WeChat's Chromium 78) cannot read is a fault. */
import js from "@eslint/js";

export default [
  {
    files: ["static/*.js"],
    ...js.configs.recommended,
    languageOptions: { ecmaVersion: 5, sourceType: "script" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...js.configs.recommended.rules,
      "no-undef": "off", /* the type check knows what browsers have */
      "no-unused-vars": ["error", { caughtErrors: "none" }],
      eqeqeq: "error",
      strict: ["error", "function"],
    },
  },
];

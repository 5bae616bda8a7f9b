/**
 * A hundred strings that try to become code, markup or addresses, or that tools stumble over. Whatever of them is
 * executed opens a dialog or reports a fault, which the tests watch for.
 */
const RUN = "posthasteFault('executed')"

/** Markup that runs something as soon as it is parsed, or when it is shown or touched. */
const MARKUP = [
  `<script>${RUN}</script>`,
  `<img src=x onerror="${RUN}">`,
  `<svg onload="${RUN}">`,
  `<svg><script>${RUN}</script></svg>`,
  `<details open ontoggle="${RUN}">`,
  `<video src onerror="${RUN}">`,
  `<iframe srcdoc="<script>parent.${RUN}</script>">`,
  `<iframe src="javascript:parent.${RUN}">`,
  `<input autofocus onfocus="${RUN}">`,
  `<a href="javascript:${RUN}">x</a>`,
  `<form action="javascript:${RUN}"><button>x</button></form>`,
  `<object data="javascript:${RUN}">`,
  `<embed src="javascript:${RUN}">`,
  `<math><mi xlink:href="javascript:${RUN}">x</mi></math>`,
  `<style>@import "javascript:${RUN}"</style>`,
  `<style>*{animation:x}@keyframes x{}</style><b onanimationstart="${RUN}">`,
  `<link rel=stylesheet href="data:text/css,*{display:none}">`,
  '<meta http-equiv="refresh" content="0;url=data:text/html,gone">',
  `<base href="https://elsewhere.invalid/">`,
  `<marquee onstart="${RUN}">`,
  `<template><script>${RUN}</script></template>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<dialog open><img src=x onerror="${RUN}"></dialog>`,
  `<portal src="javascript:${RUN}">`,
  `<img src="https://elsewhere.invalid/pixel.gif">`,
]

/** Ways out of where a text usually stands. */
const ESCAPES = [
  '">',
  "'>",
  '</pre>',
  '</td></tr></table>',
  '</title>',
  '</textarea>',
  '-->',
  ']]>',
  '</style>',
  '</script>',
]
const ESCAPING = ESCAPES.map((out) => `${out}<img src=x onerror="${RUN}">`)

/** Attributes, addresses and expressions without any markup. */
const BARE = [
  `" onmouseover="${RUN}`,
  `' onfocus='${RUN}' autofocus='`,
  `javascript:${RUN}`,
  `JaVaScRiPt:${RUN}`,
  `java\tscript:${RUN}`,
  `\u0001javascript:${RUN}`,
  `data:text/html,<script>${RUN}</script>`,
  `vbscript:${RUN}`,
  `//elsewhere.invalid/x.js`,
  `https://elsewhere.invalid/?q=<script>`,
  `\${${RUN}}`,
  `{{constructor.constructor("${RUN}")()}}`,
  `{{7*7}}`,
  `<%= 7*7 %>`,
  `#{${RUN}}`,
  `';${RUN};//`,
  `";${RUN};//`,
  `\`;${RUN};//`,
  `});${RUN};({`,
  `\\u003cscript\\u003e${RUN}\\u003c/script\\u003e`,
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  `&#60;script&#62;${RUN}&#60;/script&#62;`,
  `%3Cscript%3E${RUN}%3C%2Fscript%3E`,
  `+ADw-script+AD4-${RUN}+ADw-/script+AD4-`,
  `expression(${RUN})`,
  `url(javascript:${RUN})`,
  `{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror=${RUN}>"}}`,
  `{"__proto__":{"polluted":true}}`,
  `{"type":"script","props":{"children":"${RUN}"}}`,
  `=HYPERLINK("https://elsewhere.invalid","x")`,
]

/** Names and values that programs treat as something else. */
const WORDS = [
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'undefined',
  'null',
  'NaN',
  'true',
  '0',
  '-0',
  '../../etc/passwd',
  '/dashboard/login',
  '?refused=many',
  '#main',
  "'; DROP TABLE jobs; --",
  '%s%s%s%n',
  ':root',
]

/** Text that is hard to draw, to cut or to compare. */
const TEXT = [
  '\u202egnp.exe\u202c',
  '\u2066isolated\u2069',
  '\u200b\u200b\u200b',
  '\ufeffmark',
  'a\u0301\u0302\u0303\u0304'.repeat(30),
  '👩‍👩‍👧‍👦🏳️‍🌈🇺🇳',
  'ﷺ﷽',
  '\u0000nul',
  '\u001b[31mred\u001b[0m',
  'line\r\nbreak\u2028and\u2029more',
  'x'.repeat(2_000),
  '界'.repeat(500),
  ' leading and trailing ',
  '\u0085\u00a0\u3000',
  '𝕱𝖗𝖆𝖐𝖙𝖚𝖗',
  'ⅧⅫ½',
  'İıſK',
  '\uffff\ufffe',
]

export const HOSTILE: readonly string[] = [...MARKUP, ...ESCAPING, ...BARE, ...WORDS, ...TEXT]

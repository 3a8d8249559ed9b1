/** Values as they stand in the source text of other languages. */

/** A string of Python, of Go or of JSON: all three read these escapes alike. */
export function quoted(text: string): string {
  // A byte order mark is refused inside a Go file.
  return JSON.stringify(text).replaceAll('\ufeff', '\\ufeff')
}

/** A string of Terraform's language, where `${` and `%{` begin a template. */
export function hclQuoted(text: string): string {
  const escaped = text.replace(/([$%])\{/g, '$1$1{')
  return JSON.stringify(escaped).replace(
    /\\(.)/g,
    (written, letter) => HCL_ESCAPES[letter] ?? written,
  )
}

/** It knows \n, \r, \t, \", \\ and \uNNNN, and not these two of JSON. */
const HCL_ESCAPES: Readonly<Record<string, string>> = { b: '\\u0008', f: '\\u000c' }

/** As bash reads it: quoted only where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** A property's JSON pointer, as a JSON patch names it. */
export function pointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text, or an attribute's value, of a page. */
export function htmlText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character] ?? character)
}

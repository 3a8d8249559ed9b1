/** Pieces of a page in roff, with the macros of man(7). */

/** Text as it is to be read: nothing in it is a request, and a hyphen can be copied as one. */
export function text(words: string): string {
  const escaped = words.replaceAll('\\', '\\e').replaceAll('-', '\\-')
  return escaped.replace(/^(?=[.'])/gm, '\\&')
}

export function bold(words: string): string {
  return `\\fB${text(words)}\\fR`
}

export function italic(words: string): string {
  return `\\fI${text(words)}\\fR`
}

export function section(heading: string, parts: readonly string[]): string {
  return [`.SH ${heading}`, ...parts].join('\n')
}

/** @param heading roff */
export function subsection(heading: string): string {
  return `.SS ${heading}`
}

export function paragraph(words: string): string {
  return `.PP\n${text(words)}`
}

/** @param tag roff @param body roff */
export function tagged(tag: string, body: string): string {
  return `.TP\n${tag}\n${body}`
}

/** Lines that are kept as they are. */
export function example(lines: string): string {
  return `.PP\n.nf\n.RS 4\n${text(lines)}\n.RE\n.fi`
}

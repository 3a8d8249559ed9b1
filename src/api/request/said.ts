/** What a caller sent is repeated in a fault up to here. */
export const SAID_CHARACTERS_MAX = 512

/** The beginning of a text, without half a character at its end. */
export function cut(text: string): string {
  if (text.length <= SAID_CHARACTERS_MAX) return text.toWellFormed()
  return `${text.slice(0, SAID_CHARACTERS_MAX).toWellFormed()}...`
}

/**
 * A message that repeats what a caller sent, each piece of it cut: a fault must not be as large as the
 * request that made it.
 */
export function said(texts: TemplateStringsArray, ...values: readonly unknown[]): string {
  return texts.reduce((message, text, n) => message + cut(String(values[n - 1])) + text)
}

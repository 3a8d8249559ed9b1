/** Form-encodes one name or value. Mirrors Python's urllib.parse.quote_plus. */
export function formEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

/** `a=1&b=2`, in the order given. */
export function formEncodeAll(parameters: Iterable<readonly [string, string]>): string {
  return Array.from(parameters, ([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join(
    '&',
  )
}

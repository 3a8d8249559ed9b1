const AS_IT_IS = /^[A-Za-z0-9._~-]*$/

/** Form-encodes one name or value. Mirrors Python's urllib.parse.quote_plus. */
export function formEncode(text: string): string {
  if (AS_IT_IS.test(text)) return text
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

/** `a=1&b=2`, in the order given. */
export function formEncodeAll(parameters: Iterable<readonly [string, string]>): string {
  let encoded = ''
  for (const [name, value] of parameters) {
    if (encoded !== '') encoded += '&'
    encoded += `${formEncode(name)}=${formEncode(value)}`
  }
  return encoded
}

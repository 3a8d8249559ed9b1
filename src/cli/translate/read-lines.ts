/** Longer than any request line that a server takes. */
const LINE_CHARACTERS_MAX = 256 * 1024

/** The lines of a text stream. A line that is too long is cut, so that memory stays bounded. */
export async function* readLines(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of chunks) {
    pending += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    const lines = pending.split('\n')
    pending = (lines.pop() ?? '').slice(0, LINE_CHARACTERS_MAX)
    yield* lines
  }
  if (pending !== '') yield pending
}

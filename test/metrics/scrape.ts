/** The values of the text format by what stands before them, such as `a_total{b="c"}`. */
export async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  return readText(await (await fetch(url)).text())
}

export function readText(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

/** The sum of all values of a name with these labels. */
export function sumOf(
  values: ReadonlyMap<string, number>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  let sum = 0
  for (const [key, value] of values) {
    if (key.split('{', 1)[0] !== name) continue
    const given = key.slice(name.length + 1, -1).split(',')
    if (wanted.every((pair) => given.includes(pair))) sum += value
  }
  return sum
}

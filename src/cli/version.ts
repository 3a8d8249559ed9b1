import { readFileSync } from 'node:fs'

/** Beside `src/` and, once compiled, beside `dist/`. */
const MANIFEST = new URL('../../package.json', import.meta.url)

export function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(MANIFEST, 'utf8'))
  return version
}

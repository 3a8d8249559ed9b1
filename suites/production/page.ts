import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A block of commands of docs/production.md. */
export interface Block {
  /** The heading above it. */
  readonly heading: string
  readonly commands: string
  /** Fetches packages. */
  readonly isOnline: boolean
}

const PAGE = fileURLToPath(new URL('../../docs/production.md', import.meta.url))

/** All blocks of commands, in order. @throws Error on a block of another kind, which nobody would run */
export function readBlocks(): readonly Block[] {
  const text = readFileSync(PAGE, 'utf8')
  const blocks: Block[] = []
  let heading = ''
  for (const [, title, kind, commands = ''] of text.matchAll(
    /^## (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm,
  )) {
    if (title !== undefined) heading = title
    else if (kind !== 'sh') throw new Error(`a block of "${kind}" below "${heading}"`)
    else blocks.push({ heading, commands, isOnline: /^(npm|apt-get) /m.test(commands) })
  }
  return blocks
}

import { said } from '../request/said.ts'
import { ImageFault } from './faults.ts'

/**
 * The parts of a JSON pointer, in the limited form that Glance takes: white space around a part
 * goes. Mirrors glance/api/v2/images.py (_decode_json_pointer, _validate_json_pointer).
 * @throws ImageFault 'body.invalid'
 */
export function readPointer(pointer: unknown): readonly string[] {
  if (typeof pointer !== 'string') throw invalid('A pointer must be text, such as "/name".')
  const problem = problemOf(pointer)
  if (problem !== undefined) throw invalid(said`Pointer \`${pointer}\` ${problem}.`)
  return pointer
    .replace(/^\/+/, '')
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~').trim())
}

function problemOf(pointer: string): string | undefined {
  if (!pointer.startsWith('/')) return 'does not start with "/"'
  if (/\/\s*?\//.test(pointer.slice(1))) return 'contains adjacent "/"'
  if (pointer.length > 1 && pointer.endsWith('/')) return 'end with "/"'
  if (pointer.slice(1).trim() === '/') return 'does not contains valid token'
  if (/~(?![01])/.test(pointer)) return 'contains "~" not part of a recognized escape sequence'
  return undefined
}

function invalid(message: string): ImageFault {
  return new ImageFault('body.invalid', message)
}

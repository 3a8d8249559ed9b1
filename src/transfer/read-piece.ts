import { isUtf8 } from 'node:buffer'
import { DocumentError, readDocument } from '../image/document.ts'
import type { Image } from '../image/image.ts'
import type { Piece } from './piece.ts'

/** Why a piece of a file is no image. */
export interface BadDocument {
  readonly line: number
  /** The document's id, where one can be made out. */
  readonly id: string | undefined
  readonly message: string
}

const ID_IN_TEXT = /"id"\s*:\s*"([0-9A-Fa-f-]{36})"/

/** Reads the document in a piece of a file. */
export function readPiece(piece: Piece): Image | BadDocument {
  if (piece.problem !== undefined) return bad(piece, piece.problem)
  if (!isUtf8(piece.bytes)) return bad(piece, 'is not valid UTF-8')
  let json: unknown
  try {
    json = JSON.parse(piece.bytes.toString('utf8'))
  } catch (error) {
    const { message } = error as Error
    return { ...bad(piece, `is not valid JSON: ${message}`), line: lineOf(piece, message) }
  }
  try {
    return readDocument(json)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    return bad(piece, error.message)
  }
}

export function isBad(read: Image | BadDocument): read is BadDocument {
  return 'message' in read
}

function bad(piece: Piece, message: string): BadDocument {
  const id = ID_IN_TEXT.exec(piece.bytes.toString('latin1'))?.[1]?.toLowerCase()
  return { line: piece.line, id, message }
}

/** JSON.parse usually says at which character it stopped; that may be lines below the first. */
function lineOf(piece: Piece, message: string): number {
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? 0)
  return piece.line + piece.bytes.toString('utf8').slice(0, position).split('\n').length - 1
}

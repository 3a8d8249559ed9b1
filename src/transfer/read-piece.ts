import { isUtf8 } from 'node:buffer'
import { DocumentError, problemsOf, readDocument } from '../image/document.ts'
import type { Image } from '../image/image.ts'
import { isObject, isOfSdk, recognise, whereaboutsIn } from './document-forms.ts'
import type { Piece } from './piece.ts'

/** Why a piece of a file is no image. */
export interface BadDocument {
  readonly line: number
  /** The document's id, where one can be made out. */
  readonly id: string | undefined
  /** Everything that is wrong, up to a bound. */
  readonly message: string
}

export interface GoodDocument {
  readonly image: Image
  /** Fields that say something and have no place here. */
  readonly leftOut: readonly string[]
}

const ID_IN_TEXT = /"(?:id|ID)"\s*:\s*"([0-9A-Fa-f-]{36})"/
/** More faults of one document are counted. */
const FAULTS_TOLD_MAX = 100

/** Reads the document in a piece of a file. */
export function readPiece(piece: Piece): GoodDocument | BadDocument {
  if (piece.problem !== undefined) return bad(piece, piece.problem)
  if (!isUtf8(piece.bytes)) return bad(piece, 'is not valid UTF-8')
  let json: unknown
  try {
    json = JSON.parse(piece.bytes.toString('utf8'))
  } catch (error) {
    const { message } = error as Error
    return { ...bad(piece, `is not valid JSON: ${message}`), line: lineOf(piece, message) }
  }
  // These can pass for the Image service's own, with a null for each property that the image lacks.
  if (isObject(json) && isOfSdk(json)) return readOtherForm(piece, json)
  try {
    return { image: readDocument(json), leftOut: isObject(json) ? whereaboutsIn(json) : [] }
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    return readOtherForm(piece, json)
  }
}

/** What is no document of the Image service may be one of another program's. */
function readOtherForm(piece: Piece, json: unknown): GoodDocument | BadDocument {
  const { document, leftOut } = isObject(json) ? recognise(json) : { document: json, leftOut: [] }
  const problems = problemsOf(document)
  if (problems.length === 0) return { image: readDocument(document), leftOut }
  const more = problems.length - FAULTS_TOLD_MAX
  const told = problems.slice(0, FAULTS_TOLD_MAX).join('; ')
  return bad(piece, more > 0 ? `${told}; and ${more} more faults` : told)
}

export function isBad(read: GoodDocument | BadDocument): read is BadDocument {
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

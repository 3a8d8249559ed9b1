import type { Database } from '../../database/database.ts'
import type { Image } from '../../image/image.ts'
import { AudienceChanges } from './audience-changes.ts'
import type { Audiences } from './audiences.ts'
import {
  type ImageRow,
  INSERT_IMAGE,
  idBytes,
  imageOfRow,
  imageValues,
  SELECT_IMAGE,
  UPDATE_IMAGE,
} from './image-rows.ts'
import { freePlace, LAST_PLACE, type Move, movesToMakeRoom, type Spot } from './places.ts'
import { audiencesText, postingWords } from './search.ts'
import { termsOf } from './terms.ts'

/** What stands in `postings` for an image, and what should. */
interface Posting {
  /** The place under which it stands there now, if it does. */
  readonly from: number | undefined
  readonly to: number | undefined
  readonly words: string
}

/** An image as it is stored. */
export interface Stored {
  readonly n: number
  readonly place: number
  readonly audiences: string
  readonly image: Image
}

export const BY_ID = `${SELECT_IMAGE} WHERE id = ?`
const BY_N = `${SELECT_IMAGE} WHERE n = ?`

/**
 * The writes of one transaction. Rows are written at once; `finish` updates `postings`, where
 * inserting in order of place is fastest.
 */
export class ImageWriter {
  readonly #database: Database
  readonly #audiences: Audiences
  #revision: number | undefined
  readonly #postings = new Map<number, Posting>()
  /** Audiences that may see something else from now on. */
  readonly #changed = new Set<string>()

  constructor(database: Database, audiences: Audiences) {
    this.#database = database
    this.#audiences = audiences
  }

  find(id: string, imageOf: (row: ImageRow) => Image): Stored | undefined {
    const bytes = idBytes(id)
    const row = bytes && (this.#database.prepare(BY_ID).get(bytes) as ImageRow | undefined)
    return row && stored(row, imageOf)
  }

  /** Writes the image; an old one with the same id is replaced. */
  put(image: Image, old: Stored | undefined): void {
    const id = idBytes(image.id)
    if (id === undefined) throw new TypeError(`${JSON.stringify(image.id)} is not an image id`)
    const audiences = this.#audiences.ofImage(image)
    const text = audiencesText(audiences)
    if (old !== undefined) this.#noteChange(old.image)
    this.#noteChange(image)
    const place =
      old !== undefined && old.image.createdAt === image.createdAt
        ? old.place
        : this.#freePlace({ createdAt: image.createdAt, id })
    const values = [place, this.#nextRevision(), text, ...imageValues(id, image)]
    let n = old?.n
    if (n === undefined) {
      n = Number(this.#database.prepare(INSERT_IMAGE).run(...values).lastInsertRowid)
    } else {
      this.#database.prepare(UPDATE_IMAGE).run(...values, n)
    }
    this.#post(n, old, text === '' ? undefined : place, postingWords(audiences, termsOf(image)))
  }

  remove(old: Stored): void {
    this.#noteChange(old.image)
    this.#database.prepare('DELETE FROM images WHERE n = ?').run(old.n)
    this.#post(old.n, old, undefined, '')
  }

  #noteChange(image: Image): void {
    for (const audience of this.#audiences.ofWitnesses(image)) this.#changed.add(audience)
  }

  /** To be called last in the transaction. */
  finish(): void {
    if (this.#changed.size > 0) {
      AudienceChanges.note(this.#database, this.#changed, this.#nextRevision())
    }
    const postings = [...this.#postings.values()]
    const gone = postings.flatMap(({ from }) => (from === undefined ? [] : [from]))
    const remove = this.#database.prepare('INSERT INTO removed_postings (place) VALUES (?)')
    for (const place of gone.sort((a, b) => a - b)) remove.run(place)
    const added = postings.flatMap(({ to, words }) => (to === undefined ? [] : [{ to, words }]))
    const add = this.#database.prepare('INSERT INTO postings (rowid, terms) VALUES (?, ?)')
    for (const { to, words } of added.sort((a, b) => a.to - b.to)) add.run(to, words)
  }

  /** One for all rows of the transaction: no reader sees a state in between. */
  #nextRevision(): number {
    if (this.#revision === undefined) {
      const row = this.#database
        .prepare('UPDATE catalogue_revision SET revision = revision + 1 RETURNING revision')
        .get() as { revision: number }
      this.#revision = row.revision
    }
    return this.#revision
  }

  #post(n: number, old: Stored | undefined, to: number | undefined, words: string): void {
    const earlier = this.#postings.get(n)
    const before = old === undefined || old.audiences === '' ? undefined : old.place
    const from = earlier === undefined ? before : earlier.from
    this.#postings.set(n, { from, to, words })
  }

  #freePlace(spot: Spot): number {
    const free = freePlace(this.#database, spot)
    if (free !== undefined) return free
    this.#move(movesToMakeRoom(this.#database, spot))
    return this.#freePlace(spot)
  }

  /** In two steps, through places that no image has, since two images may swap places. */
  #move(moves: readonly Move[]): void {
    const place = this.#database.prepare('UPDATE images SET place = ? WHERE n = ?')
    const rows = moves.map(({ n }) => this.#database.prepare(BY_N).get(n) as unknown as ImageRow)
    for (const { n } of moves) place.run(LAST_PLACE - n, n)
    for (const { n, to } of moves) place.run(to, n)
    for (const [i, { n, to }] of moves.entries()) {
      const row = rows[i]
      if (row === undefined || row.audiences === '') continue
      const image = imageOfRow(row)
      this.#noteChange(image) // who remembers where its list goes on has an old place
      const words = postingWords(this.#audiences.ofImage(image), termsOf(image))
      this.#post(
        n,
        stored(row, () => image),
        to,
        words,
      )
    }
  }
}

function stored(row: ImageRow, imageOf: (row: ImageRow) => Image): Stored {
  const { n, audiences } = row
  return { n, place: row.place, audiences, image: imageOf(row) }
}

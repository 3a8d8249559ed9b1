import type { Database } from '../../database/database.ts'
import { Audiences } from './audiences.ts'
import { type ImageRow, imageOfRow, SELECT_IMAGE } from './image-rows.ts'
import { FIRST_PLACE } from './places.ts'
import { audiencesText, postingWords } from './search.ts'
import { termsOf } from './terms.ts'

/** To be raised whenever the words of an image change: audiences.ts, terms.ts. */
const WORDS_VERSION = 3
const BATCH_IMAGES = 1_000

/**
 * Indexes every image again if the file's postings are of another version. It blocks until done.
 * @param onRenewing told after each batch how many images are done, of how many
 */
export function renewPostings(
  database: Database,
  onRenewing: (imagesDone: number, images: number) => void = () => undefined,
): void {
  if (database.isReadOnly || versionIn(database) === WORDS_VERSION) return
  database.writeAtStart(() => {
    // Another process may have done it while this one waited.
    const version = versionIn(database)
    if (version === WORDS_VERSION) return
    if (version !== 0) database.sqlite.exec(`INSERT INTO postings (postings) VALUES ('delete-all')`)
    postAll(database, onRenewing)
    database.prepare('UPDATE posted_words SET version = ?').run(WORDS_VERSION)
  })
}

function versionIn(database: Database): number {
  const row = database.prepare('SELECT version FROM posted_words').get()
  return (row as { version: number }).version
}

function postAll(
  database: Database,
  onRenewing: (imagesDone: number, images: number) => void,
): void {
  const counted = database.prepare('SELECT count(*) AS images FROM images').get()
  const { images } = counted as { images: number }
  let imagesDone = 0
  const audiencesOf = new Audiences(database)
  const some = database.prepare(`${SELECT_IMAGE} WHERE place > ? ORDER BY place LIMIT ?`)
  const setAudiences = database.prepare('UPDATE images SET audiences = ? WHERE n = ?')
  const post = database.prepare('INSERT INTO postings (rowid, terms) VALUES (?, ?)')
  let after = FIRST_PLACE - 1
  for (;;) {
    const rows = some.all(after, BATCH_IMAGES) as unknown as ImageRow[]
    for (const row of rows) {
      const image = imageOfRow(row)
      const audiences = audiencesOf.ofImage(image)
      const text = audiencesText(audiences)
      if (text !== row.audiences) setAudiences.run(text, row.n)
      if (text !== '') post.run(row.place, postingWords(audiences, termsOf(image)))
      after = row.place
    }
    imagesDone += rows.length
    onRenewing(imagesDone, images)
    if (rows.length < BATCH_IMAGES) return
  }
}

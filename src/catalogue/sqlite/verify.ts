import type { Database } from '../../database/database.ts'
import { Audiences } from './audiences.ts'
import { type ImageRow, imageOfRow, SELECT_IMAGE } from './image-rows.ts'
import { audiencesText, postingWords } from './search.ts'
import { termsOf } from './terms.ts'

/**
 * The faults of a catalogue, in words: none if its rows, places and postings agree. It checks every
 * image, so it is slow.
 */
export function verifyCatalogue(database: Database): readonly string[] {
  return database.read(() => {
    const problems: string[] = []
    const audiences = new Audiences(database)
    const byWord = new Map<string, number[]>()
    for (const row of rowsInListOrder(database)) {
      const image = imageOfRow(row)
      const of = audiences.ofImage(image)
      if (audiencesText(of) !== row.audiences) {
        problems.push(`${image.id} is listed to "${row.audiences}", not "${audiencesText(of)}"`)
      }
      for (const word of postingWords(of, termsOf(image)).split(' ').slice(1)) {
        const places = byWord.get(word)
        if (places === undefined) byWord.set(word, [row.place])
        else places.push(row.place)
      }
    }
    problems.push(...orderProblems(database), ...postingProblems(database, byWord))
    return problems
  })
}

function rowsInListOrder(database: Database): readonly ImageRow[] {
  return database
    .prepare(`${SELECT_IMAGE} ORDER BY created_at DESC, id DESC`)
    .all() as unknown as ImageRow[]
}

function orderProblems(database: Database): readonly string[] {
  const rows = rowsInListOrder(database)
  return rows.flatMap((row, i) =>
    i > 0 && row.place <= (rows[i - 1]?.place ?? 0)
      ? [`${imageOfRow(row).id} stands before its place`]
      : [],
  )
}

function postingProblems(
  database: Database,
  expected: ReadonlyMap<string, readonly number[]>,
): readonly string[] {
  const problems: string[] = []
  const ofWord = database.prepare(
    'SELECT rowid AS place FROM postings WHERE postings MATCH ? ORDER BY rowid',
  )
  for (const [word, places] of expected) {
    const found = ofWord.all(word).map((row) => row['place'])
    if (found.join() !== places.join()) problems.push(`the list "${word}" is not what images say`)
  }
  const { images } = database
    .prepare("SELECT count(*) AS images FROM images WHERE audiences <> ''")
    .get() as { images: number }
  const { listed } = database.prepare('SELECT count(*) AS listed FROM postings_docsize').get() as {
    listed: number
  }
  if (listed !== images) problems.push(`${listed} images are listed, ${images} should be`)
  return problems
}

import type { Database } from '../../database/database.ts'
import type { Image } from '../../image/image.ts'
import type { ImageSearch } from '../../image/search.ts'
import { isGone, type Viewer } from '../../image/visibility.ts'

/**
 * An audience is a list that an image can stand in. What a viewer's list shows is the union of at
 * most three audiences, and no image stands in two that one viewer's list reads:
 *
 *   `p`   all public images                               everyone
 *   `r`   all other images but community ones             admin
 *   `m7`  project 7's: own ones that are not public,
 *         and those shared with it and accepted           members of project 7
 *   `c7`  project 7's own community images                admin, signed in to project 7
 *   `o`   all community images                            who searches for them
 */
const PUBLIC = 'p'
const REST = 'r'
const COMMUNITY = 'o'

const REMEMBERED_PROJECTS_MAX = 50_000

/** The audiences of images and viewers, with projects as small numbers. */
export class Audiences {
  readonly #database: Database
  readonly #numbers = new Map<string, number>()

  constructor(database: Database) {
    this.#database = database
  }

  /** The audiences that the image stands in: none if it is hidden or gone. Only within a write. */
  ofImage(image: Image): readonly string[] {
    if (image.isHidden || isGone(image)) return []
    if (image.visibility === 'public') return [PUBLIC]
    const projects = new Set<string>(image.owner === null ? [] : [image.owner])
    if (image.visibility === 'shared') {
      for (const member of image.members) {
        if (member.status === 'accepted') projects.add(member.project)
      }
    }
    const audiences = [...projects].map((project) => `m${this.#intern(project)}`)
    if (image.visibility !== 'community') return [...audiences, REST]
    if (image.owner !== null) audiences.push(`c${this.#intern(image.owner)}`)
    return [...audiences, COMMUNITY]
  }

  /**
   * Audiences of which everyone who can see the image, in a list or by its id, reads at least one. Only
   * within a write.
   */
  ofWitnesses(image: Image): readonly string[] {
    if (isGone(image)) return []
    if (image.visibility === 'public' || image.visibility === 'community') return [PUBLIC]
    const projects = new Set(image.members.map(({ project }) => project))
    if (image.owner !== null) projects.add(image.owner)
    return [REST, ...[...projects].map((project) => `m${this.#intern(project)}`)]
  }

  /** The audiences whose union the viewer's list is. */
  ofViewer(viewer: Viewer): readonly string[] {
    const audiences = viewer.isAdmin ? [PUBLIC, REST] : [PUBLIC]
    const number = viewer.project === null ? undefined : this.#find(viewer.project)
    if (number !== undefined) audiences.push(`${viewer.isAdmin ? 'c' : 'm'}${number}`)
    return audiences
  }

  /**
   * The audiences that together hold every image the viewer's search can find, and from which its
   * filters select exactly these; undefined if no audiences do.
   */
  ofSearch(viewer: Viewer, search: ImageSearch): readonly string[] | undefined {
    const { visibility, memberStatus, isHidden } = search
    if (isHidden) return undefined
    if (visibility === 'public') return [PUBLIC]
    if (visibility === 'community') return [COMMUNITY]
    if (!viewer.isAdmin && memberStatus !== 'accepted' && visibility !== 'private') return undefined
    const listed = this.ofViewer(viewer)
    if (visibility === undefined) return listed
    return visibility === 'all'
      ? [...listed, COMMUNITY]
      : listed.filter((audience) => audience !== PUBLIC)
  }

  /** To be called after a rollback: numbers assigned in that write may be assigned again. */
  forget(): void {
    this.#numbers.clear()
  }

  #find(project: string): number | undefined {
    if (!project.isWellFormed()) return undefined
    const known = this.#numbers.get(project)
    if (known !== undefined) return known
    const row = this.#database.prepare('SELECT n FROM audiences WHERE project = ?').get(project) as
      | { n: number }
      | undefined
    if (row !== undefined) this.#remember(project, row.n)
    return row?.n
  }

  #intern(project: string): number {
    const known = this.#find(project)
    if (known !== undefined) return known
    const made = this.#database.prepare('INSERT INTO audiences (project) VALUES (?)').run(project)
    const number = Number(made.lastInsertRowid)
    this.#remember(project, number)
    return number
  }

  #remember(project: string, number: number): void {
    if (this.#numbers.size >= REMEMBERED_PROJECTS_MAX) this.#numbers.clear()
    this.#numbers.set(project, number)
  }
}

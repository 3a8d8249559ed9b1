import { CommandFailure } from '../failure.ts'
import { ask, faultMessage, isObject } from './http.ts'
import type { Session } from './sign-in.ts'

export type ImageJson = Readonly<Record<string, unknown>>

export interface Page {
  readonly images: readonly ImageJson[]
  /** More images follow this page. */
  readonly hasMore: boolean
}

/**
 * The pages of `images/detail`. Of a `next` link only the query is taken: proxies get the host in
 * links wrong, and the token must not go to another one. @throws CommandFailure
 */
export async function* listImages(
  session: Session,
  query: URLSearchParams,
  stop: AbortSignal,
): AsyncGenerator<Page, void> {
  const asked = new Set<string>()
  let next: string | undefined = query.toString()
  while (next !== undefined) {
    if (asked.has(next)) {
      throw new CommandFailure(`${session.computeUrl}: the server's pages go round in a circle`)
    }
    asked.add(next)
    const json = await readPage(session, next, stop)
    next = nextQuery(json)
    const images = json['images']
    if (images.length === 0) return // Nova may link to a page that has nothing on it
    yield { images, hasMore: next !== undefined }
  }
}

type PageJson = Readonly<Record<string, unknown>> & { readonly images: readonly ImageJson[] }

async function readPage(session: Session, query: string, stop: AbortSignal): Promise<PageJson> {
  const url = `${session.computeUrl}/images/detail`
  const answer = await ask(query === '' ? url : `${url}?${query}`, {
    headers: { 'x-auth-token': session.token },
    stop,
  })
  if (answer.status === 404) {
    throw new CommandFailure(
      `${url} answered ${faultMessage(answer)} (many clouds have switched this API off)`,
    )
  }
  if (answer.status !== 200) throw new CommandFailure(`${url} answered ${faultMessage(answer)}`)
  if (!isPage(answer.json)) {
    throw new CommandFailure(`${url} answered with something that is no list of images`)
  }
  return answer.json
}

function isPage(json: unknown): json is PageJson {
  if (!isObject(json)) return false
  const images = json['images']
  return Array.isArray(images) && images.every(isObject)
}

function nextQuery(page: PageJson): string | undefined {
  const links = page['images_links']
  const next = Array.isArray(links)
    ? links.filter(isObject).find((link) => link['rel'] === 'next')
    : undefined
  if (typeof next?.['href'] !== 'string') return undefined
  return URL.parse(next['href'], 'http://host/')?.searchParams.toString()
}

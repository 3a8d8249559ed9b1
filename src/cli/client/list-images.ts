import { CommandFailure } from '../failure.ts'
import { ask, faultMessage, isObject } from './http.ts'

export type ImageJson = Readonly<Record<string, unknown>>

/** Where images are listed. */
export interface ImageList {
  /** Without a query. */
  readonly url: string
  readonly token: string
  /** The query of the page after this one, if there is one. */
  readonly nextQuery: (page: ImageJson) => string | undefined
  /** What a 404 most likely means. */
  readonly ifMissing: string
}

export interface Page {
  readonly images: readonly ImageJson[]
  /** More images follow this page. */
  readonly hasMore: boolean
}

/** `images/detail` of the Compute API. @param computeUrl version included */
export function computeList(computeUrl: string, token: string): ImageList {
  return {
    url: `${computeUrl}/images/detail`,
    token,
    nextQuery: ({ images_links: links }) => {
      const next = Array.isArray(links)
        ? links.filter(isObject).find((link) => link['rel'] === 'next')
        : undefined
      return queryOf(next?.['href'])
    },
    ifMissing: 'many clouds have switched this API off; --via image asks the Image API',
  }
}

/** `/v2/images` of the Image API. @param imageUrl without the version */
export function imageApiList(imageUrl: string, token: string): ImageList {
  return {
    url: `${imageUrl}/v2/images`,
    token,
    nextQuery: ({ next }) => queryOf(next),
    ifMissing: 'is it the address of the Image service?',
  }
}

/**
 * Only the query of a link is used: proxies may change the host, and the token must not go to
 * another host.
 */
function queryOf(link: unknown): string | undefined {
  if (typeof link !== 'string') return undefined
  return URL.parse(link, 'http://host/')?.searchParams.toString()
}

/** The pages of a list. @throws CommandFailure */
export async function* listImages(
  list: ImageList,
  query: URLSearchParams,
  stop: AbortSignal,
): AsyncGenerator<Page, void> {
  const asked = new Set<string>()
  let next: string | undefined = query.toString()
  while (next !== undefined) {
    if (asked.has(next)) {
      throw new CommandFailure(`${list.url}: the server's pages go round in a circle`)
    }
    asked.add(next)
    const json = await readPage(list, next, stop)
    next = list.nextQuery(json)
    const images = json['images']
    if (images.length === 0) return // Nova may link to a page that has nothing on it
    yield { images, hasMore: next !== undefined }
  }
}

type PageJson = ImageJson & { readonly images: readonly ImageJson[] }

async function readPage(
  { url, token, ifMissing }: ImageList,
  query: string,
  stop: AbortSignal,
): Promise<PageJson> {
  const answer = await ask(query === '' ? url : `${url}?${query}`, {
    headers: { 'x-auth-token': token },
    stop,
  })
  if (answer.status === 404) {
    throw new CommandFailure(`${url} answered ${faultMessage(answer)} (${ifMissing})`)
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

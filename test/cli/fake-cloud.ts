import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly token: string | undefined
  readonly body: unknown
}

export interface FakeCloud extends AsyncDisposable {
  readonly url: string
  readonly asked: readonly Asked[]
}

export interface CloudBehaviour {
  readonly images?: readonly object[]
  /** What the Image API lists. */
  readonly imageApi?: readonly object[]
  /** Images a page, with links; everything on one page otherwise. */
  readonly pageImages?: number
  /** Host in the links of pages, as a proxy gets it wrong. */
  readonly linkHost?: string
  /** Path of the compute endpoint in the service catalogue. */
  readonly computePath?: string
  /** Answers in place of the image list. */
  readonly answer?: (response: ServerResponse) => void
  readonly signInStatus?: number
}

const TOKEN = 'token-of-the-fake-cloud'

/** Keystone v3 and the image lists of Compute and Image on one port, as small as they can be. */
export async function startFakeCloud(behaviour: CloudBehaviour = {}): Promise<FakeCloud> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    const body = await readJson(request)
    const token = request.headers['x-auth-token'] as string | undefined
    const query = Object.fromEntries(url.searchParams)
    asked.push({ method: request.method ?? '', path: url.pathname, query, token, body })
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    if (url.pathname === '/identity/v3/auth/tokens') signIn(response, base, behaviour)
    else if (!/\/images\/detail$|^\/image\/v2\/images$/.test(url.pathname)) {
      send(response, 404, {})
    } else if (token !== TOKEN && token !== 'own-token') {
      send(response, 401, { error: { code: 401, message: 'The request needs a token' } })
    } else if (behaviour.answer !== undefined) behaviour.answer(response)
    else listImages(response, url, base, behaviour)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function signIn(response: ServerResponse, base: string, behaviour: CloudBehaviour): void {
  const { signInStatus = 201, computePath = '/v2.1/p1' } = behaviour
  if (signInStatus !== 201) {
    send(response, signInStatus, { error: { code: signInStatus, message: 'Wrong\u001b[2J name' } })
    return
  }
  const endpoint = (region: string, url: string) => ({ region, interface: 'public', url })
  response.setHeader('X-Subject-Token', TOKEN)
  send(response, 201, {
    token: {
      catalog: [
        { type: 'image', endpoints: [endpoint('one', `${base}/image`)] },
        {
          type: 'compute',
          endpoints: [
            { region: 'one', interface: 'internal', url: 'http://inside' },
            endpoint('one', base + computePath),
            endpoint('two', `${base}/two/v2/p1`),
          ],
        },
      ],
    },
  })
}

function listImages(
  response: ServerResponse,
  url: URL,
  base: string,
  { images: computeImages = [], imageApi = [], pageImages, linkHost }: CloudBehaviour,
): void {
  const isImageApi = url.pathname === '/image/v2/images'
  const images = isImageApi ? imageApi : computeImages
  const marker = Number(url.searchParams.get('marker') ?? 0)
  const limit = Number(url.searchParams.get('limit') ?? pageImages ?? images.length)
  const page = images.slice(marker, marker + limit)
  const next = new URLSearchParams(url.searchParams)
  next.set('marker', String(marker + limit))
  const hasNext = pageImages !== undefined && page.length === limit
  const href = `${linkHost ?? base}${url.pathname}?${next}`
  const link = isImageApi
    ? { next: `/v2/images?${next}` }
    : { images_links: [{ rel: 'next', href }] }
  send(response, 200, { images: page, ...(hasNext ? link : {}) })
}

export function send(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json))
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  return text === '' ? undefined : JSON.parse(text)
}

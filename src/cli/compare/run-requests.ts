import { CommandFailure } from '../failure.ts'
import { type Answer, type Endpoint, send } from './endpoint.ts'
import { normalise, type Problem, problemsOf } from './problems.ts'
import { fillPlaceholders, type Placeholders, type ReadRequest } from './requests.ts'

/** Few, since what is compared may be serving others at the time. */
const CONCURRENT_MAX = 4

/** A request that the two endpoints answered differently. */
export interface Difference {
  readonly request: ReadRequest
  readonly a: Answer
  readonly b: Answer
  readonly problems: readonly Problem[]
}

export interface Comparison {
  readonly a: Endpoint
  readonly b: Endpoint
  readonly placeholders: Placeholders
  readonly stop: AbortSignal
  /** Called after each request. */
  readonly onDone: (done: number, differ: number) => void
  /** Called in the order of the requests. */
  readonly onDifference: (difference: Difference) => void
}

/**
 * Sends each request to both endpoints. @returns how many are answered differently
 * @throws CommandFailure when the command was stopped, or the token has expired
 */
export async function compareAll(
  requests: readonly ReadRequest[],
  comparison: Comparison,
): Promise<number> {
  /** What came before an earlier request was through. */
  const early = new Map<number, Difference | undefined>()
  let next = 0
  let told = 0
  let done = 0
  let differ = 0
  const work = async () => {
    while (next < requests.length) {
      const index = next
      next += 1
      const request = requests[index]
      if (request === undefined) return
      const difference = await compareOne(request, comparison).catch((error: unknown) => {
        next = requests.length // for the others, too
        throw error
      })
      done += 1
      if (difference !== undefined) differ += 1
      comparison.onDone(done, differ)
      early.set(index, difference)
      for (; early.has(told); told += 1) {
        const inTurn = early.get(told)
        early.delete(told)
        if (inTurn !== undefined) comparison.onDifference(inTurn)
      }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT_MAX }, work))
  return differ
}

/** Repeats a differing request: an image may have changed between the two answers. */
async function compareOne(
  request: ReadRequest,
  comparison: Comparison,
): Promise<Difference | undefined> {
  const first = await askBoth(request, comparison)
  return first === undefined ? undefined : await askBoth(request, comparison)
}

async function askBoth(
  request: ReadRequest,
  { a, b, placeholders, stop }: Comparison,
): Promise<Difference | undefined> {
  const path = fillPlaceholders(request.path, placeholders)
  const headersFor = (endpoint: Endpoint) =>
    Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        fillPlaceholders(value, placeholders).replaceAll('{host}', endpoint.host),
      ]),
    )
  const [left, right] = await Promise.all(
    [a, b].map((endpoint) => send(endpoint, request.method, path, headersFor(endpoint), stop)),
  )
  if (left === undefined || right === undefined) return undefined
  if (left.status === 401 && right.status === 401 && isWithToken(request)) {
    throw new CommandFailure('both refuse the token by now (401): it has expired; sign in again')
  }
  const problems = problemsOf(normalise(left, a), normalise(right, b))
  return problems.length === 0 ? undefined : { request, a: left, b: right, problems }
}

function isWithToken({ headers }: ReadRequest): boolean {
  return Object.entries(headers).some(
    ([name, value]) => name.toLowerCase() === 'x-auth-token' && value === '{token}',
  )
}

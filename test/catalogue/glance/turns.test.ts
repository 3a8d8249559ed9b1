import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { openGlance } from '../../../src/catalogue/glance/glance-catalogue.ts'
import { writeDocument } from '../../../src/image/document.ts'
import { Upstream } from '../../../src/upstream/upstream.ts'
import { until } from '../../api/image/data-stand.ts'
import { fakeUpstream, json, type SeenRequest } from '../../upstream/fake-upstream.ts'
import { imageOf, OWNER } from '../images.ts'
import { ASKER } from './fake-glance.ts'

const IMAGE = imageOf(1)

test('projects take turns at a Glance that is asked one thing at a time', async (t) => {
  const fake = await fakeUpstream(t)
  const limits = { concurrentMax: 1, queueMax: 3 }
  const upstream = new Upstream({ name: 'Glance', urls: [fake.url], limits })
  t.after(() => upstream.close())
  const catalogueFor = openGlance(upstream, { areViewersKnown: true })
  const get = (projectId: string) =>
    catalogueFor({ ...ASKER, projectId, token: projectId }).get(OWNER, IMAGE.id)

  const answer = json(200, writeDocument(IMAGE))
  let goOn: (() => void) | undefined
  fake.behave((request: SeenRequest, response: ServerResponse) => {
    goOn = () => answer(request, response)
  })
  const first = get('noisy')
  await until(() => goOn !== undefined)
  const flood = [get('noisy'), get('noisy'), get('noisy')]
  assert.equal(upstream.stats().waiting, 3)
  const refused = assert.rejects(get('noisy'), { code: 'upstream.unavailable' })
  const turnedAway = assert.rejects(flood.pop() ?? first, { code: 'upstream.unavailable' })
  const quiet = get('quiet')
  await Promise.all([refused, turnedAway])
  assert.equal(upstream.stats().waiting, 3)

  fake.behave(answer)
  goOn?.()
  await Promise.all([first, quiet, ...flood])
  const order = fake.requests.map(({ headers }) => headers['x-auth-token'])
  assert.deepEqual(order, ['noisy', 'noisy', 'quiet', 'noisy'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lane, LaneName } from '../../bench/openstack/lanes.ts'
import { queriesOf } from '../../bench/openstack/pages.ts'
import { checkSamePage } from '../../bench/openstack/same-page.ts'

const PAGE = {
  ...{ name: 'limit=2', query: 'limit=2', ofGlanceMin: undefined },
  ...{ isBesideNova: false, isNew: false },
}

function lane(name: LaneName, ids: readonly string[]): Lane {
  const body = JSON.stringify({ images: ids.map((id) => ({ id })) })
  const url = `data:application/json,${encodeURIComponent(body)}`
  return { name, url, api: 'compute', path: () => '' }
}

test('a new page is asked for in other words each time, before every image, of each in its own', () => {
  const page = { ...PAGE, isNew: true }
  assert.deepEqual(queriesOf(PAGE, 'image', 5, 2), ['limit=2'])
  assert.deepEqual(queriesOf(page, 'compute', 5, 2), [
    'limit=2&changes-since=1970-01-01T00:00:05Z',
    'limit=2&changes-since=1970-01-01T00:00:06Z',
  ])
  assert.deepEqual(queriesOf(page, 'image', 86_400, 1), [
    'limit=2&updated_at=gte:1970-01-02T00:00:00Z',
  ])
})

test('a bench measures those alone that list the same images in the same order', async () => {
  const same = [lane('nova', ['a', 'b']), lane('glance', ['a', 'b'])]
  await checkSamePage(same, PAGE, 't')
  for (const ids of [['b', 'a'], ['a'], []]) {
    await assert.rejects(checkSamePage([...same, lane('afterimage', ids)], PAGE, 't'), {
      message: `limit=2: afterimage lists other images (${ids.length}) than nova`,
    })
  }
  await assert.rejects(checkSamePage([lane('nova', []), lane('glance', [])], PAGE, 't'), /nova/)
})

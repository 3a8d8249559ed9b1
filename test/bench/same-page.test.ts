import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lane, LaneName } from '../../bench/openstack/lanes.ts'
import { checkSamePage } from '../../bench/openstack/same-page.ts'

const PAGE = { name: 'limit=2', query: 'limit=2', isDemanded: true }

function lane(name: LaneName, ids: readonly string[]): Lane {
  const body = JSON.stringify({ images: ids.map((id) => ({ id })) })
  return { name, url: `data:application/json,${encodeURIComponent(body)}`, path: () => '' }
}

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

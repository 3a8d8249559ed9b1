import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { AskedCall } from '../../src/successor/asked-call.ts'
import { TOOLS, translate } from '../../src/successor/translate.ts'

const ID = '70a599e0-31e7-49b7-b260-868f441e862b'
const ENDPOINT = '$IMAGE_ENDPOINT'

const CALLS: readonly AskedCall[] = [
  { kind: 'show', id: ID },
  { kind: 'delete', id: ID },
  { kind: 'show_metadata', id: ID },
  { kind: 'merge_metadata', id: ID },
  { kind: 'replace_metadata', id: ID },
  { kind: 'show_metadata_item', id: ID, key: 'a/b~c' },
  { kind: 'set_metadata_item', id: ID, key: "it's" },
  { kind: 'delete_metadata_item', id: ID, key: 'a/b~c' },
]

for (const call of CALLS) {
  it(`every tool has a text for ${call.kind}, or says why it has none`, () => {
    for (const tool of TOOLS) {
      const { text, notes } = translate(call, tool, ENDPOINT)
      assert.ok(text !== undefined || notes.length > 0, tool)
      if (text !== undefined) assert.ok(text.includes(ID), `${tool}: ${text}`)
    }
  })
}

it('a key is a JSON pointer in patches', () => {
  const remove: AskedCall = { kind: 'delete_metadata_item', id: ID, key: 'a/b~c' }
  for (const tool of ['curl', 'openstacksdk'] as const) {
    assert.match(translate(remove, tool, ENDPOINT).text ?? '', /"path": "\/a~1b~0c"/)
  }
  assert.match(translate(remove, 'gophercloud', ENDPOINT).text ?? '', /Name: "a~1b~0c"/)
})

it('a shell takes no part of an id or a key for its own', () => {
  const set: AskedCall = { kind: 'set_metadata_item', id: '$(reboot)', key: "it's" }
  assert.match(
    translate(set, 'openstack', ENDPOINT).text ?? '',
    /^openstack image set --property 'it'\\''s=VALUE' '\$\(reboot\)'$/,
  )
  const curl = translate(set, 'curl', ENDPOINT).text ?? ''
  assert.match(curl, /-d '\[\{"op": "add", "path": "\/it'\\''s", "value": "VALUE"\}\]'/)
  assert.match(curl, /"\$IMAGE_ENDPOINT\/v2\/images\/%24\(reboot\)"$/)
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { FILTER_CASES } from './cases.ts'
import { idsOf, wireImage } from './expected.ts'
import { type ImageDocument, SNAPSHOT } from './fixture.ts'
import { PAGE_IMAGES } from './run-client.ts'
import { type Afterimage, startAfterimage } from './start-afterimage.ts'

/** The flag that stands for each parameter. */
const FLAGS: Readonly<Record<string, string>> = {
  minRam: '--min-ram',
  minDisk: '--min-disk',
  'changes-since': '--changes-since',
}

it('afterimage images', async (t) => {
  await using afterimage = await startAfterimage()
  const { listed } = afterimage
  t.diagnostic(`tested: afterimage ${(await afterimage.command('--version')).trim()} (this one)`)

  await t.test('prints every image exactly as it should go over the wire', async () => {
    assert.deepEqual(
      await images(afterimage),
      listed.map((image) => wireImage(image, afterimage)),
    )
  })
  for (const { step, query, keeps } of FILTER_CASES) {
    await t.test(`filters by ${step}`, async () => {
      const flags = Object.entries(query).flatMap(([name, value]) => [
        FLAGS[name] ?? `--${name}`,
        value,
      ])
      assert.deepEqual(idsOf(await images(afterimage, ...flags)), idsOf(listed.filter(keeps)))
    })
  }
  await t.test('filters by a property, which Nova cannot', async () => {
    const found = await images(afterimage, '--property', 'os_distro=debian')
    const wanted = listed.filter(({ os_distro }) => os_distro === 'debian')
    assert.deepEqual(idsOf(found), idsOf(wanted))
  })
  await t.test('takes pages by limit and marker', async () => {
    const limit = ['--limit', String(PAGE_IMAGES)]
    const first = await images(afterimage, ...limit)
    assert.deepEqual(idsOf(first), idsOf(listed.slice(0, PAGE_IMAGES)))
    const second = await images(afterimage, ...limit, '--marker', first.at(-1)?.id ?? '')
    assert.deepEqual(idsOf(second), idsOf(listed.slice(PAGE_IMAGES, 2 * PAGE_IMAGES)))
  })
  await t.test('prints a table', async () => {
    const table = await afterimage.command('images', '--server', serverOf(listed))
    const lines = table.trim().split('\n')
    assert.match(lines[0] ?? '', /ID +NAME +STATUS +SIZE/)
    assert.ok(lines.some((line) => line.includes(SNAPSHOT) && line.includes('db-2 nightly')))
    assert.equal(lines.filter((line) => line.includes('-4000-8000-')).length, 1)
  })
})

async function images(afterimage: Afterimage, ...flags: string[]): Promise<ImageDocument[]> {
  return JSON.parse(await afterimage.command('images', '--json', ...flags))
}

function serverOf(listed: readonly ImageDocument[]): string {
  return listed.find(({ id }) => id === SNAPSHOT)?.instance_uuid ?? ''
}

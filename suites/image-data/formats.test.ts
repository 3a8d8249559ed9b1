import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { readContents } from '../../src/image-data/format/contents.ts'

/** Disks as QEMU makes them (needs `qemu-img`; Debian: qemu-utils). */

const run = promisify(execFile)

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-data-formats-'))
})
after(() => rm(folder, { recursive: true }))

const DISKS: readonly (readonly [qemu: string, subformat: string, ours: string])[] = [
  ['raw', '', 'raw'],
  ['qcow2', '', 'qcow2'],
  ['vdi', '', 'vdi'],
  ['vhdx', '', 'vhdx'],
  ['vpc', 'dynamic', 'vhd'],
  ['vpc', 'fixed', 'vhd'],
  ['vmdk', 'monolithicSparse', 'vmdk'],
  ['vmdk', 'streamOptimized', 'vmdk'],
  ['vmdk', 'monolithicFlat', 'vmdk'],
]
/** A VHD is as large as its cylinders, heads and sectors, so QEMU makes it a little larger. */
const VHD_SLACK_BYTES = 1024 * 1024

for (const [format, subformat, ours] of DISKS) {
  for (const mib of [1, 96, 5000]) {
    test(`${format} ${subformat} of ${mib} MiB is ${ours} of that size`, async () => {
      const file = join(folder, `${format}-${subformat}-${mib}`)
      const options = subformat === '' ? [] : ['-o', `subformat=${subformat}`]
      await run('qemu-img', ['create', '-q', '-f', format, ...options, file, `${mib}M`])
      await using opened = await open(file)
      const contents = await readContents(opened, (await opened.stat()).size)
      assert.equal(contents.format, ours)
      const over = (contents.virtualSizeBytes ?? -1) - mib * 2 ** 20
      assert.ok(over >= 0 && over <= (ours === 'vhd' ? VHD_SLACK_BYTES : 0), `${over} bytes over`)
    })
  }
}

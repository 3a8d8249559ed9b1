import { type ImageDocument, ODD_NAME, SERVER, TWIN_NAME } from './fixture.ts'

/** A filter of the Compute API as it is sent, and which of the listed images it leaves. */
export interface FilterCase {
  readonly step: string
  readonly query: Readonly<Record<string, string>>
  readonly keeps: (image: ImageDocument) => boolean
}

const SINCE = '2026-01-20T11:46:12Z'

/** The Compute API's word for each status of the Image service. */
const SHOWN: Readonly<Record<string, string>> = {
  active: 'ACTIVE',
  queued: 'SAVING',
  saving: 'SAVING',
  killed: 'ERROR',
  deactivated: 'UNKNOWN',
}

/** The word the Compute API shows for an image's status. */
export function shown(image: ImageDocument): string {
  return SHOWN[image.status] ?? `no word for ${image.status}`
}

function statusCase(word: string): FilterCase {
  const keeps = (image: ImageDocument) => shown(image) === word.toUpperCase()
  return { step: `status ${word}`, query: { status: word }, keeps }
}

/** Every filter that is documented, and those that Nova has beside them. */
export const FILTER_CASES: readonly FilterCase[] = [
  {
    step: 'name',
    query: { name: 'Rocky Linux 9' },
    keeps: ({ name }) => name === 'Rocky Linux 9',
  },
  {
    step: 'a name that must be escaped',
    query: { name: ODD_NAME },
    keeps: ({ name }) => name === ODD_NAME,
  },
  {
    step: 'a name of two images',
    query: { name: TWIN_NAME },
    keeps: ({ name }) => name === TWIN_NAME,
  },
  { step: 'a name of none', query: { name: 'Rocky Linux' }, keeps: () => false },
  ...['ACTIVE', 'SAVING', 'ERROR', 'UNKNOWN', 'saving'].map(statusCase),
  { step: 'minRam', query: { minRam: '3072' }, keeps: ({ min_ram }) => min_ram === 3072 },
  { step: 'minRam 0', query: { minRam: '0' }, keeps: ({ min_ram }) => min_ram === 0 },
  { step: 'minDisk', query: { minDisk: '40' }, keeps: ({ min_disk }) => min_disk === 40 },
  {
    step: 'server',
    query: { server: SERVER },
    keeps: ({ instance_uuid }) => instance_uuid === SERVER,
  },
  {
    step: 'a server by its href',
    query: { server: `http://cloud.example:8774/v2.1/servers/${SERVER}` },
    keeps: ({ instance_uuid }) => instance_uuid === SERVER,
  },
  {
    step: 'type',
    query: { type: 'snapshot' },
    keeps: ({ image_type }) => image_type === 'snapshot',
  },
  {
    step: 'changes-since',
    query: { 'changes-since': SINCE },
    keeps: ({ updated_at }) => updated_at >= SINCE,
  },
  {
    step: 'changes-since with an offset',
    query: { 'changes-since': '2026-01-20T13:46:12+02:00' },
    keeps: ({ updated_at }) => updated_at >= SINCE,
  },
  {
    step: 'two filters',
    query: { status: 'ACTIVE', type: 'snapshot' },
    keeps: (image) => shown(image) === 'ACTIVE' && image.image_type === 'snapshot',
  },
]

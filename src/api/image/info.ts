import type { Handler } from './dependencies.ts'
import { ImageFault } from './faults.ts'

/** The service's description of itself. Mirrors glance/api/v2/discovery.py (InfoController). */

/** The ways of `POST /v2/images/{id}/import` that are served. */
export const IMPORT_METHODS: readonly string[] = ['glance-direct']

export const showImportInfo: Handler = () =>
  json({
    'import-methods': {
      description: 'Import methods available.',
      type: 'array',
      value: IMPORT_METHODS,
    },
  })

export const showStores: Handler = () => {
  throw new ImageFault('stores.not_found', 'Multi backend is not supported at this site.')
}

/** There are no quotas, so none is shown, as in a Glance without limits in Keystone. */
export const showUsage: Handler = () => json({ usage: {} })

function json(body: unknown) {
  const headers = { 'content-type': 'application/json' }
  return { status: 200, headers, body: JSON.stringify(body) }
}

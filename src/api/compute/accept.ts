const JSON_TYPE = 'application/json'
const VENDOR_TYPE = 'application/vnd.openstack.compute+json'

/**
 * The Content-Type of a good answer: the vendor's name for JSON if the caller prefers it, else JSON;
 * nothing is ever refused. Mirrors nova/api/openstack/wsgi.py (Request.best_match_content_type).
 */
export function contentTypeFor(accept: string | undefined): string {
  if (accept === undefined || !accept.includes(VENDOR_TYPE)) return JSON_TYPE
  const quality = { [JSON_TYPE]: -1, [VENDOR_TYPE]: -1 }
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (type !== JSON_TYPE && type !== VENDOR_TYPE) continue
    const q = parameters.find((p) => p.startsWith('q='))
    quality[type] = q === undefined ? 1 : Number(q.slice(2)) || 0
  }
  return quality[VENDOR_TYPE] > quality[JSON_TYPE] && quality[VENDOR_TYPE] > 0
    ? VENDOR_TYPE
    : JSON_TYPE
}

import type { DeprecationPolicy, SuccessorApi } from '../../deprecation/policy.ts'
import { imageApiParameters } from '../../successor/image-api.ts'
import { imsParameters } from '../../successor/ims.ts'
import { formEncodeAll } from '../request/form-encode.ts'
import type { ListCall } from './call.ts'
import { ComputeFault } from './faults.ts'
import { type ListRequest, readListRequest } from './query.ts'

/** What replaces a call in the Image service's own API. */

/**
 * The request that replaces a call, in the API that the operator chose; undefined if there is none.
 */
export function successorOf(call: ListCall, policy: DeprecationPolicy): string | undefined {
  if (call.operation !== 'list_images' && call.operation !== 'list_images_detail') {
    return imageSuccessor(call)
  }
  try {
    return successorOfList(call, readListRequest(call.query), policy)
  } catch (error) {
    if (error instanceof ComputeFault) return undefined // a query that cannot be read
    throw error
  }
}

/** As `successorOf`, for a list whose query is read already. */
export function successorOfList(
  call: ListCall,
  request: ListRequest,
  { successor }: DeprecationPolicy,
): string | undefined {
  return listSuccessor(call, request, successor)
}

/** The Image service's request for the same image; undefined if its address is unknown. */
export function imageSuccessor(call: ListCall): string | undefined {
  // A client that follows a link to `..` would ask for the folder above.
  if (call.imageBase === undefined || call.id === '.' || call.id === '..') return undefined
  return `${call.imageBase}/v2/images/${encodeURIComponent(call.id)}`
}

/** The request for the same list; undefined if no single request asks the same. */
function listSuccessor(
  call: ListCall,
  request: ListRequest,
  api: SuccessorApi,
): string | undefined {
  if (call.imageBase === undefined) return undefined
  const parameters = api === 'ims' ? imsParameters(request) : imageApiParameters(request)
  if (parameters === undefined) return undefined
  const text = formEncodeAll(parameters)
  return `${call.imageBase}/v2/${RESOURCES[api]}${text === '' ? '' : `?${text}`}`
}

const RESOURCES: Readonly<Record<SuccessorApi, string>> = { image: 'images', ims: 'cloudimages' }

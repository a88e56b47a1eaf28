/** Bodies of which not all is on record. */
import { fieldValue } from '../../../sdk/field-value.ts'
import type { Exchange, Part } from '../../../sdk/model.ts'

/** By a limit of the recording, or because the connection ended before they did; of an exchange that is open the rest may still come. */
export function isCut(exchange: Exchange, part: Part): boolean {
  if (exchange[part]?.truncated) return true
  if (exchange.state === 'complete') return false
  return part === 'response' || isRequestCut(exchange)
}

/** Of one whose exchange has not ended as framed. */
function isRequestCut({ request, timings, source }: Exchange): boolean {
  // That it took a time is on record once its last byte has passed.
  if (timings.send !== undefined) return false
  const length = fieldValue(request.headers, 'content-length')
  if (length !== null && length !== String(request.bodySize)) return true
  // Nobody but the wire tells how a body ended: what other sources give is what there was.
  return (source === 'proxy' || source === 'send') && request.bodySize > 0
}

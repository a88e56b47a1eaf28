/** Writes a session as an archive: for each exchange its request, and its response when there was one. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { Exchange, Part, Session } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { countedBody } from '../text/counted-body.ts'
import { isCut } from '../text/cut.ts'
import { ipAddress } from '../text/ip-address.ts'
import { uriOf } from '../text/uri.ts'
import { archivedHead } from './archived-head.ts'
import { digestLabel, endOfRecord, type NamedField, recordDate, recordHead, recordId } from './record.ts'

export async function writeArchive(
  session: Session,
  exchanges: AsyncIterable<ExportedExchange>,
  out: Writable,
  leaveOut: () => void,
): Promise<void> {
  const write = async (data: string | Uint8Array) => {
    if (!out.write(data)) await once(out, 'drain')
  }
  await write(archiveInfo(session))
  for await (const exchange of exchanges) {
    if (exchange.kind === 'tunnel') leaveOut()
    else {
      await writeMessage(exchange, 'request', write)
      if (exchange.response !== null) await writeMessage(exchange, 'response', write)
    }
  }
}

function archiveInfo({ id, name, startedAt }: Session): string {
  const block = `software: weir\r\nformat: WARC File Format 1.1\r\nisPartOf: ${name.replace(/[\r\n]/g, ' ')}\r\n`
  const fields: NamedField[] = [
    ['WARC-Type', 'warcinfo'],
    ['WARC-Record-ID', recordId(id)],
    ['WARC-Date', recordDate(startedAt)],
    ['Content-Type', 'application/warc-fields'],
  ]
  return recordHead(fields, Buffer.byteLength(block)) + block + endOfRecord
}

/** A large body is read three times, for its length, its digests and itself, so that it need not lie in memory. */
async function writeMessage(exchange: ExportedExchange, part: Part, write: (data: string | Uint8Array) => Promise<void>): Promise<void> {
  const body = await countedBody(exchange, part)
  const head = archivedHead(exchange, part, body.bytes)
  const payload = createHash('sha1')
  const block = createHash('sha1').update(head)
  for await (const piece of body.pieces()) {
    payload.update(piece)
    block.update(piece)
  }
  const digests: NamedField[] = [
    ['WARC-Block-Digest', digestLabel(block.digest())],
    ['WARC-Payload-Digest', digestLabel(payload.digest())],
  ]
  await write(recordHead([...describing(exchange, part), ...digests], head.length + body.bytes))
  await write(head)
  for await (const piece of body.pieces()) await write(piece)
  await write(endOfRecord)
}

function describing(exchange: Exchange, part: Part): NamedField[] {
  const { seq, sessionId, startedAt, timings, server, request } = exchange
  const at = part === 'request' ? startedAt : startedAt + (timings.send ?? 0) + (timings.wait ?? 0)
  const fields: NamedField[] = [
    ['WARC-Type', part],
    ['WARC-Record-ID', recordId(sessionId, seq, part)],
    ['WARC-Date', recordDate(at)],
    ['WARC-Target-URI', uriOf(request.url)],
    ['Content-Type', `application/http;msgtype=${part}`],
  ]
  if (part === 'response') fields.push(['WARC-Concurrent-To', recordId(sessionId, seq, 'request')])
  const address = server && ipAddress(server.address)
  if (address !== null) fields.push(['WARC-IP-Address', address])
  if (request.httpVersion === '2') fields.push(['WARC-Protocol', 'h2'])
  const why = whyCut(exchange, part)
  if (why !== null) fields.push(['WARC-Truncated', why])
  return fields
}

/** Of a body that is not whole. */
function whyCut(exchange: Exchange, part: Part): 'length' | 'disconnect' | null {
  if (exchange[part]?.truncated) return 'length'
  return isCut(exchange, part) ? 'disconnect' : null
}

/** An exchange as `weir show` writes it. Headers stand in the order and case of the wire. */
import type { Client, Exchange, Headers, Response, Session, Tls } from '../../sdk/model.ts'
import type { Output } from './output.ts'
import { printable, printableBytes } from './printable.ts'
import { formatBytes, formatDate, formatDuration } from './quantity.ts'

export function describeExchange(session: Session, exchange: Exchange, out: Output): string {
  const { client, server, error, state, durationMs, response, request } = exchange
  const took = durationMs === null ? 'still open' : formatDuration(durationMs)
  const facts: [string, string | undefined][] = [
    ['exchange', `${exchange.seq} of ${session.name} (${session.id}), ${exchange.kind}, from ${exchange.source}`],
    ['state', `${state}${response ? ` ${response.status}` : ''}, ${took}, began ${formatDate(exchange.startedAt)}`],
    ['error', error && `${error.reason}: ${error.message}`],
    ['odd', exchange.anomalies?.length ? exchange.anomalies.join(', ') : undefined],
    ...describeBrowser(exchange),
    ['bodies', `${formatBytes(request.bodySize)} sent, ${formatBytes(response?.bodySize ?? 0)} received`],
    ['from', client ? describeClient(client) : undefined],
    ['to', server ? `${server.address}:${server.port}` : undefined],
    ['tls', exchange.tls ? describeTls(exchange.tls) : undefined],
    ['timings', describeTimings(exchange)],
    ['tags', exchange.tags.length ? exchange.tags.join(', ') : undefined],
    ['note', exchange.note ?? undefined],
  ]
  return facts
    .filter((fact): fact is [string, string] => Boolean(fact[1]))
    .map(([name, value]) => `${out.style('dim', name.padEnd(8))} ${colour(name, printable(value), out)}`)
    .join('\n')
}

const colour = (name: string, value: string, out: Output): string =>
  name === 'error' ? out.style('red', value) : name === 'odd' ? out.style('yellow', value) : value

const describeClient = ({ address, port, process }: Client): string =>
  `${address}:${port}${process ? `, ${process.name} (${process.pid})${process.path === null ? '' : ` ${process.path}`}` : ''}`

const describeTls = ({ version, cipher, alpn, sni }: Tls): string =>
  [version, cipher, alpn && `ALPN ${alpn}`, sni && `SNI ${sni}`].filter(Boolean).join(', ')

/** What a browser told of it. */
function describeBrowser({ browser }: Exchange): [string, string | undefined][] {
  if (browser === undefined) return []
  const { resource, priority, servedFrom, own, initiator, page, frame, worker, failure, blocked, ambiguous, resends, resent } = browser
  const place = initiator?.url && `${initiator.url}${initiator.line === undefined ? '' : `:${initiator.line}:${initiator.column ?? 1}`}`
  const asked = [resource, own && "the browser's own", priority && `priority ${priority}`, servedFrom && `from ${servedFrom}`]
  return [
    ['browser', [...asked, failure, blocked && `blocked: ${blocked}`].filter(Boolean).join(', ') || undefined],
    ['asked by', initiator && [initiator.type, initiator.function && `${initiator.function}()`, place].filter(Boolean).join(' ')],
    [
      'page',
      [page, frame?.url !== page && frame?.url && `frame ${frame.url}`, worker && `worker ${worker}`].filter(Boolean).join(', ') ||
        undefined,
    ],
    ['same', ambiguous && `as one of ${ambiguous.join(', ')}: nobody can tell which`],
    ['resent', resends && `it was sent before, in vain: ${resends.join(', ')}`],
    ['resent', resent === undefined ? undefined : `the browser sent it again: ${resent}`],
  ]
}

function describeTimings({ timings }: Exchange): string {
  const phases = ['dns', 'connect', 'tls', 'send', 'wait', 'receive'] as const
  return phases
    .filter((phase) => timings[phase] !== undefined)
    .map((phase) => `${phase} ${formatDuration(timings[phase] ?? 0)}`)
    .join(', ')
}

export function describeRequest({ request }: Exchange, out: Output): string {
  const line = `${printable(request.method)} ${printableBytes(request.url)} HTTP/${printable(request.httpVersion)}`
  return [out.style('bold', line), ...fields(request.headers, out), ...trailers(request.trailers, out)].join('\n')
}

export function describeResponse(response: Response, out: Output): string {
  const informational = response.informational.flatMap(({ status, reason, headers }) => [
    out.style('bold', statusLine(response.httpVersion, status, reason)),
    ...fields(headers, out),
    '',
  ])
  const line = statusLine(response.httpVersion, response.status, response.reason)
  return [...informational, out.style('bold', line), ...fields(response.headers, out), ...trailers(response.trailers, out)].join('\n')
}

const statusLine = (version: string, status: number, reason: string): string =>
  `HTTP/${printable(version)} ${status} ${printableBytes(reason)}`.trimEnd()

const fields = (headers: Headers, out: Output): string[] =>
  headers.map(([name, value]) => `${out.style('cyan', printableBytes(name))}: ${printableBytes(value)}`)

const trailers = (headers: Headers, out: Output): string[] =>
  headers.length === 0 ? [] : [out.style('dim', 'trailers'), ...fields(headers, out)]

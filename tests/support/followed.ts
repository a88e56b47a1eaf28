/** A session that is captured, and receivers of what an export that follows it delivers. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, RequestListener } from 'node:http'
import { expect, vi } from 'vitest'
import type { Client } from '../../sdk/client.ts'
import type { JsonlLine } from '../../sdk/jsonl.ts'
import { type RunningDaemon, startDaemon } from './daemon.ts'
import { startOrigin } from './origin.ts'
import { getThrough } from './through-proxy.ts'

export interface Capturing extends RunningDaemon {
  sessionId: string
  /** Of the origin. */
  url: string
  ask(path: string, headers: OutgoingHttpHeaders): Promise<unknown>
  /** Requests in turn, each answered with its path, but for what `answer` says. */
  get(...paths: string[]): Promise<void>
}

/** @param answer of the origin; absent: 200 with the path */
export async function capturing(
  answer: RequestListener = (request, response) => void response.end(request.url),
  options: Parameters<typeof startDaemon>[0] = {},
): Promise<Capturing> {
  const daemon = await startDaemon(options)
  const origin = await startOrigin(answer, { tls: false })
  const { id: sessionId, proxy } = await daemon.client.call('session/start', { name: 'live' })
  const ask = (path: string, headers: OutgoingHttpHeaders) => getThrough(proxy?.port ?? 0, origin.url + path, headers)
  const get = async (...all: string[]) => {
    for (const path of all) await ask(path, {})
  }
  return { ...daemon, sessionId, url: origin.url, ask, get }
}

export const paths = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `/${from + index}`)

/** Of whole lines. */
export const jsonLines = (text: string): JsonlLine[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JsonlLine)

export const pathsOf = (text: string): string[] => jsonLines(text).map(({ request }) => new URL(request.url).pathname)

export interface Batch {
  headers: IncomingHttpHeaders
  text: string
}

export interface Receiver {
  url: string
  /** Those that were answered 200, in their order. */
  batches: Batch[]
  /** Those that were answered anything else, in their order. */
  refused: Batch[]
  /** How many came, whatever they were answered. */
  asked: number
  /** From now on; null: nobody listens there. */
  status: number | null
  headers: { [name: string]: string }
  taken(): string
}

/** An HTTP endpoint on loopback. A status of null breaks the connection instead of answering. */
export async function startReceiver(): Promise<Receiver> {
  const receiver: Receiver = {
    url: '',
    batches: [],
    refused: [],
    asked: 0,
    status: 200,
    headers: {},
    taken: () => receiver.batches.map(({ text }) => text).join(''),
  }
  const origin = await startOrigin(
    (request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        receiver.asked++
        if (receiver.status === null) return void response.destroy()
        const taken = receiver.status === 200 ? receiver.batches : receiver.refused
        taken.push({ headers: request.headers, text: Buffer.concat(pieces).toString() })
        response.writeHead(receiver.status, receiver.headers).end('an answer')
      })
    },
    { tls: false },
  )
  receiver.url = `${origin.url}/in`
  return receiver
}

/** What a run that follows says while it lasts, and what it answers. */
export interface Following {
  /** Cancels it. */
  stop(): void
  result: Promise<{ [key: string]: unknown }>
  said: { [key: string]: unknown }[]
  /** What came as $/progress. */
  text(): string
  /** Waits until it says that so many are delivered: a receiver has them a moment before. Resolves with the clock behind them. */
  delivered(exchanges: number): Promise<string>
}

export function follow(client: Client, params: { sessionId: string; [key: string]: unknown }): Following {
  const controller = new AbortController()
  const said: { [key: string]: unknown }[] = []
  const result = client.call('exporter/run', { exporter: 'jsonl', follow: true, ...params } as never, {
    signal: controller.signal,
    onProgress: (value) => said.push(value as { [key: string]: unknown }),
  })
  result.catch(() => undefined)
  const text = () => Buffer.concat(said.map(({ data }) => Buffer.from((data as string | undefined) ?? '', 'base64'))).toString()
  const delivered = (exchanges: number) =>
    vi.waitFor(() => {
      const last = said.findLast(({ clock }) => clock !== undefined)
      expect(last).toMatchObject({ exchanges })
      return last?.clock as string
    })
  return { stop: () => controller.abort(), result, said, text, delivered }
}

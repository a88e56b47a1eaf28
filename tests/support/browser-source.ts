/** The browser plugin, opened by a test in its own process, and what it told. */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import browser from '../../plugins/interceptor/browser.ts'
import type { BrowserView } from '../../sdk/browser-view.ts'
import type { Failure, Headers, Message, Session } from '../../sdk/model.ts'
import type { Source } from '../../sdk/plugin.ts'
import { SourceEvent } from '../../sdk/source.ts'
import { Validator } from '../../sdk/validation.ts'
import { keyHash } from './certificates.ts'
import { chromiumPath } from './chromium.ts'
import { temporaryHome } from './home.ts'
import type { TestProxy } from './proxy.ts'

type EventOf<Kind extends SourceEvent['kind']> = Extract<SourceEvent, { kind: Kind }>

/** All that was told of one request. */
export interface ToldRequest extends Omit<EventOf<'request'>, 'kind'> {
  response?: EventOf<'response'>
  bodies: { request: Buffer; response: Buffer }
  messages: Message[]
  end?: EventOf<'end'>
  failure?: Failure
}

export interface OpenedBrowser {
  source: Source
  dataDir: string
  events: SourceEvent[]
  logs: string[]
  /** By their begin. @param of a URL: those of the same host (and port) and, where it has one, of the same path */
  requests(of: string): ToldRequest[]
  /** Waits until one has ended. */
  ended(url: string, patienceMs?: number): Promise<ToldRequest>
}

export interface OpenOptions {
  config: Parameters<typeof browser.create>[0]
  proxy?: TestProxy | null
  dataDir?: string
  tagDomain?: string
  /** Stands between the plugin and what is kept. */
  gate?: () => Promise<void>
  /** Hears what is told, too. */
  heard?: (events: readonly SourceEvent[]) => Promise<void>
}

const validator = new Validator()
const checked = new WeakSet<SourceEvent>()

/** Stopped when the test has finished. */
export async function openBrowser({
  config,
  proxy = null,
  dataDir,
  tagDomain = 'none.tag.weir.invalid',
  gate,
  heard,
}: OpenOptions): Promise<OpenedBrowser> {
  const events: SourceEvent[] = []
  /** A look through all events for each is too slow for tests with many. */
  const begun = new Map<string, string[]>()
  const over = new Set<string>()
  const logs: string[] = []
  const folder = dataDir ?? (await temporaryHome())
  const session = { id: 's', proxy: proxy && { host: '127.0.0.1', port: proxy.port } } as Session
  const host = { log: (line: string) => void logs.push(line), signal: new AbortController().signal, dataDir: folder }
  const source = await browser.create(config, host).open({
    sourceId: 'b1',
    session,
    caCertificate: proxy?.ca.certificate ?? '',
    caKeyHash: proxy === null ? '' : keyHash(proxy.ca.certificate),
    tagDomain,
    proxyCredentials: null,
    async emit(more) {
      await gate?.()
      await heard?.(more)
      events.push(...more)
      for (const event of more) {
        if (event.kind === 'request') begun.set(event.url, [...(begun.get(event.url) ?? []), event.id])
        if (event.kind === 'end') over.add(event.id)
      }
    },
  })
  onTestFinished(() => source.stop())
  const requests = (of: string) => {
    const { host, pathname } = new URL(of)
    return toldRequests(events).filter(({ url }) => new URL(url).host === host && (of.endsWith(host) || new URL(url).pathname === pathname))
  }
  return {
    source,
    dataDir: folder,
    events,
    logs,
    requests,
    async ended(url, patienceMs = 0) {
      const id = await vi.waitFor(
        () => {
          const found = begun.get(url)?.find((one) => over.has(one))
          if (found === undefined) throw new Error(`${url} has not ended`)
          return found
        },
        { timeout: patienceMs },
      )
      return toldRequests(events).find((request) => request.id === id) as ToldRequest
    },
  }
}

/** A fresh headless Chromium with what the test asks for. */
export const headless = (more: OpenOptions['config'] = {}): OpenOptions['config'] => ({
  headless: true,
  executable: chromiumPath as string,
  ...more,
})

/** Checks on the way that each event is one, in an order that may be. */
export function toldRequests(events: readonly SourceEvent[]): ToldRequest[] {
  const told = new Map<string, ToldRequest>()
  for (const event of events) {
    if (!checked.has(event)) expect(validator.check(SourceEvent, event)).toEqual([])
    checked.add(event)
    if (event.kind === 'request') {
      expect(told.has(event.id), `${event.id} begins once`).toBe(false)
      const { kind: _, ...request } = event
      told.set(event.id, { ...request, bodies: { request: Buffer.alloc(0), response: Buffer.alloc(0) }, messages: [] })
    } else if ('id' in event) {
      const request = told.get(event.id)
      if (!request) throw new Error(`${event.kind} of ${event.id}, which has not begun`)
      expect(request.end, `nothing follows the end of ${request.url}`).toBeUndefined()
      add(request, event)
    }
  }
  return [...told.values()]
}

function add(request: ToldRequest, event: Exclude<Extract<SourceEvent, { id: string }>, { kind: 'request' }>): void {
  if ('view' in event && event.view) request.view = { ...request.view, ...event.view } as BrowserView
  if (event.kind === 'more') request.headers = event.headers ?? request.headers
  else if (event.kind === 'response') request.response = event
  else if (event.kind === 'body') request.bodies[event.part] = Buffer.concat([request.bodies[event.part], event.data as Uint8Array])
  else if (event.kind === 'message') request.messages.push(event.message)
  else {
    request.end = event
    if (event.failure) request.failure = event.failure
  }
}

export const field = (headers: Headers | undefined, name: string): string | undefined =>
  headers?.find(([one]) => one.toLowerCase() === name)?.[1]

/** An executable that is the browser's, and tells its process id. */
export async function chromiumThatTellsItsPid(): Promise<{ path: string; pid(): Promise<number> }> {
  const folder = await temporaryHome()
  const path = join(folder, 'chromium')
  const file = join(folder, 'pid')
  await writeFile(path, `#!/bin/sh\necho $$ > ${file}\nexec ${chromiumPath} "$@"\n`)
  await chmod(path, 0o755)
  return { path, pid: async () => Number(await readFile(file, 'utf8')) }
}

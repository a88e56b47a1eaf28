/** A module of handlers, loaded and served by the real Mock Service Worker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type HttpHandler, HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'

/** Where `msw` is found by the module. */
const folder = mkdtempSync(join(import.meta.dirname, '../../node_modules/.msw-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
let modules = 0

export interface MockServer {
  handlers: HttpHandler[]
  close(): void
}

/** Answers what this process asks, until it is closed; what no handler knows fails: nothing reaches a network. */
export async function serveHandlers(module: string): Promise<MockServer> {
  const file = join(folder, `handlers-${++modules}.mjs`)
  writeFileSync(file, module)
  const { handlers } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { handlers: HttpHandler[] }
  const server = setupServer(
    ...handlers,
    http.all('*', () => HttpResponse.error()),
  )
  server.listen()
  return { handlers, close: () => server.close() }
}

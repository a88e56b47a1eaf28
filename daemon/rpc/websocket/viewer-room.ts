/** GET /viewer/...: the files of the viewer, to everybody on this machine. They hold nothing; what they show they need a token for. */
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unavailable } from '../../../sdk/errors.ts'
import { type HttpRoom, plainHeaders } from './http-room.ts'

const types: { readonly [extension: string]: string } = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** A file of the folder itself. */
const fileName = /^[a-z][a-z0-9-]*\.(html|js|css|svg)$/

/** Beside what index.html says of itself. */
const headers = {
  ...plainHeaders,
  'Content-Security-Policy': "frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

export class ViewerRoom implements HttpRoom {
  readonly name = 'viewer'
  readonly #folder = fileURLToPath(new URL('../../../examples/viewer/', import.meta.url))

  async answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') throw unavailable('methodRefused', 'the viewer is only read here')
    const path = url.replace(/[?#].*$/s, '')
    // Its files are named relative to the folder.
    if (path === '/viewer') {
      response.writeHead(308, { ...headers, Location: '/viewer/' }).end()
      return
    }
    const name = path.slice('/viewer/'.length) || 'index.html'
    const type = types[fileName.exec(name)?.[1] ?? '']
    const content = type === undefined ? null : await readFile(join(this.#folder, name)).catch(() => null)
    if (type === undefined || content === null) throw unavailable('pageNotFound', 'the viewer has no such file; it begins at /viewer/')
    response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': content.length })
    response.end(method === 'HEAD' ? undefined : content)
  }
}

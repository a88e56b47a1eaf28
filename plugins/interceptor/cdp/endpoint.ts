/** The debugging endpoint of a browser that runs: a WebSocket, found over HTTP. */
import { get } from 'node:http'
import type { Transport } from './transport.ts'

const connectMs = 5_000

/**
 * Rejects with what to do when no browser is there.
 * @param endpoint `http://127.0.0.1:9222`, or the `ws://` URL of the browser target
 */
export async function connectEndpoint(endpoint: string): Promise<Transport> {
  const socket = new WebSocket(await browserUrl(endpoint))
  await new Promise<void>((resolve, reject) => {
    const refuse = () => {
      clearTimeout(timer)
      socket.close()
      reject(away(endpoint))
    }
    const timer = setTimeout(refuse, connectMs)
    socket.addEventListener('error', refuse, { once: true })
    socket.addEventListener(
      'open',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
  return {
    listen({ message, closed }) {
      socket.addEventListener('message', ({ data }) => message(String(data)))
      socket.addEventListener('close', closed, { once: true })
    },
    send: (text) => socket.send(text),
    close: () => socket.close(),
  }
}

/** Without its path, which lets anybody steer the browser. */
const placeOf = (endpoint: string): string => new URL(endpoint).host

/** What is said when it cannot be reached, or is gone. */
export const noBrowserAt = (endpoint: string): string =>
  `no browser answers at ${placeOf(endpoint)}: start one with --remote-debugging-port`

/** Something else answers there. */
export const notABrowser = (endpoint: string, cause?: unknown): Error =>
  new Error(`${placeOf(endpoint)} is no debugging endpoint of a browser`, { cause })

const away = (endpoint: string) => new Error(noBrowserAt(endpoint))

async function browserUrl(endpoint: string): Promise<string> {
  if (endpoint.startsWith('ws:')) return endpoint
  const text = await textOf(new URL('/json/version', endpoint)).catch(() => Promise.reject(away(endpoint)))
  const { webSocketDebuggerUrl: url } = Object(parsed(text)) as { webSocketDebuggerUrl?: unknown }
  if (typeof url !== 'string' || !url.startsWith('ws:')) throw notABrowser(endpoint)
  return url
}

/** null: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const mostBytes = 64 * 1024

/** By node:http, which undoes no Content-Encoding. */
function textOf(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: connectMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
        if (text.length > mostBytes) request.destroy(new Error('it says too much'))
      })
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('it does not answer')))
    request.on('error', reject)
  })
}

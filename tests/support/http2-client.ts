/** Node's HTTP/2 client, through a tunnel of a session's proxy. */
import { readFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { Capture } from './capture.ts'

/** Destroyed when the test has finished. */
export async function http2Through({ session, home }: Capture, url: string): Promise<ClientHttp2Session> {
  const { host } = new URL(url)
  const tunnel = connectTcp(session.proxy?.port ?? 0, '127.0.0.1')
  tunnel.write(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  await new Promise((resolve) => tunnel.once('data', resolve))
  const socket = connectTls({ socket: tunnel, servername: 'localhost', ALPNProtocols: ['h2'], ca: await readFile(home.caCertificate) })
  const client = connectHttp2(url, { createConnection: () => socket })
  onTestFinished(() => client.destroy())
  return client
}

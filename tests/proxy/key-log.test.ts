import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { testCa } from '../support/certificates.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startProxy } from '../support/proxy.ts'
import { openTunnel } from '../support/wire.ts'

const run = promisify(execFile)

/** RFC 9850 section 2: a label, the client random, the secret. */
const nssLine = /^[A-Z][A-Z0-9_]+ [0-9a-f]{64} [0-9a-f]{64,128}$/

/** An origin that tells which secrets its connections had. */
async function startOrigin(): Promise<{ port: number; secrets: string[] }> {
  const secrets: string[] = []
  const server = createServer(await (await testCa()).issue(['localhost']), (_request, response) => response.end('ok'))
  server.on('keylog', (line: Buffer) => secrets.push(line.toString().trim()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, secrets }
}

/** A client through the proxy; the secrets of its connection. */
async function visit(proxyPort: number, port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string[]> {
  const secrets: string[] = []
  const socket = connect({
    socket: await openTunnel(proxyPort, `localhost:${port}`),
    servername: 'localhost',
    maxVersion,
    rejectUnauthorized: false,
  })
  socket.on('keylog', (line: Buffer) => secrets.push(line.toString().trim()))
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await new Promise((resolve, reject) => socket.once('end', resolve).once('error', reject).resume())
  socket.destroy()
  return secrets
}

describe('the key log', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('holds the secrets of both sides, and nothing else (%s)', async (version) => {
    const keyLog = join(await temporaryHome(), 'session.keys')
    const origin = await startOrigin()
    const proxy = await startProxy({ keyLog })
    const client = await visit(proxy.port, origin.port, version)
    const expected = [...client, ...origin.secrets].sort()
    expect(client.length).toBeGreaterThan(0)
    expect(origin.secrets.length).toBeGreaterThan(0)
    await vi.waitFor(async () => expect((await readFile(keyLog, 'utf8')).trimEnd().split('\n').sort()).toEqual(expected))
    for (const line of expected) expect(line).toMatch(nssLine)
    expect((await stat(keyLog)).mode & 0o777).toBe(0o600)
  })

  test('one that cannot be written is said once, and traffic passes', async () => {
    const blocked = join(await temporaryHome(), 'file')
    await writeFile(blocked, '')
    const origin = await startOrigin()
    const proxy = await startProxy({ keyLog: join(blocked, 'session.keys') })
    await visit(proxy.port, origin.port, 'TLSv1.3')
    await visit(proxy.port, origin.port, 'TLSv1.3')
    await vi.waitFor(() => expect(proxy.logs).toEqual([expect.objectContaining({ message: 'TLS secrets are not written any more' })]))
  })

  test('is there when a session asks for it, and goes with the session', async () => {
    const origin = await startOrigin()
    const { client } = await startDaemon()
    const start = (keyLog: boolean) => client.call('session/start', { proxy: {}, tls: { insecure: ['*'], ...(keyLog && { keyLog }) } })
    for (const keyLog of [true, false]) {
      const { id, file, proxy } = await start(keyLog)
      await run('curl', ['-sS', '-k', '-x', `http://127.0.0.1:${proxy?.port}`, `https://localhost:${origin.port}/`])
      await vi.waitFor(() => expect(existsSync(`${file}.keys`)).toBe(keyLog))
      await client.call('session/stop', { sessionId: id })
      expect(existsSync(`${file}.keys`)).toBe(keyLog)
      await client.call('session/delete', { sessionId: id })
      expect(existsSync(`${file}.keys`)).toBe(false)
    }
  })
})

/** The part of the internet that the documentation speaks of: hosts of example.com by HTTPS, reached through a proxy that the daemon's environment names. */
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Environment } from '../../sdk/home.ts'
import { testCa } from './certificates.ts'
import { startOrigin } from './origin.ts'
import { readHead } from './wire.ts'

const names = ['example.com', '*.example.com', '*.corp.example']

/** What the daemon's environment needs. @param folder for the certificate */
export async function startInternet(folder: string): Promise<Environment> {
  const origin = await startOrigin(
    (request, response) => {
      if (request.url === '/events') response.setHeader('Content-Type', 'text/event-stream').end('data: one\n\ndata: two\n\n')
      else
        response
          .writeHead(200, { 'Content-Type': 'application/json', 'Set-Cookie': 'sid=1; Path=/; Secure; HttpOnly' })
          .end('{"some text":1}')
    },
    { names },
  )
  const proxy = createServer((client) => {
    client.on('error', () => undefined)
    readHead(client)
      .then(() => {
        const socket = connect({ host: '127.0.0.1', port: origin.port }, () => {
          client.write('HTTP/1.1 200 Yes\r\n\r\n')
          client.pipe(socket).pipe(client)
        })
        socket.on('error', () => client.destroy())
        client.on('close', () => socket.destroy())
      })
      .catch(() => client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  const ca = join(folder, 'internet.pem')
  await writeFile(ca, (await testCa()).certificate)
  return { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, NODE_EXTRA_CA_CERTS: ca }
}

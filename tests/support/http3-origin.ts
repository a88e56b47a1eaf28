/** An origin that speaks HTTP/3 (Caddy), with a certificate of the tests' CA. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { testCa } from './certificates.ts'
import { freePort } from './free-port.ts'
import { temporaryHome } from './home.ts'
import { toolPath } from './tool.ts'

/** null (said aloud): there is none. */
export const caddyPath = toolPath('caddy', 'caddy')

/**
 * `/` is the page, `/echo` answers 201 with the request's method and body, `/missing` 404.
 * Ended when the test has finished. Its URL.
 */
export async function startHttp3Origin(page: string): Promise<string> {
  const home = await temporaryHome()
  const port = await freePort()
  const { key, cert } = await (await testCa()).issue(['localhost'])
  const config = `{
  admin off
  auto_https off
}
https://localhost:${port} {
  tls ${home}/cert.pem ${home}/key.pem
  root * ${home}/site
  header /echo X-Answered yes
  respond /echo "{method} {http.request.body}" 201
  respond /missing none 404
  rewrite / /page.html
  file_server
}
`
  await Promise.all([
    writeFile(join(home, 'key.pem'), key, { mode: 0o600 }),
    writeFile(join(home, 'cert.pem'), cert),
    writeFile(join(home, 'Caddyfile'), config),
    mkdir(join(home, 'site')).then(() => writeFile(join(home, 'site/page.html'), page)),
  ])
  const server = spawn(caddyPath as string, ['run', '--config', join(home, 'Caddyfile'), '--adapter', 'caddyfile'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
  })
  onTestFinished(async () => {
    if (server.kill('SIGKILL')) await once(server, 'exit')
  })
  let said = ''
  server.stderr.on('data', (text: Buffer) => {
    said += text
  })
  await vi.waitFor(() => expect(said).toContain('serving initial configuration'))
  return `https://localhost:${port}`
}

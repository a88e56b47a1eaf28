/** `mitmdump -w FILE` where it is installed: the well-known tool that records every flow. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { endProcess, spawnPinned } from '../measure/pinned-process.ts'
import type { System } from './system.ts'

function version(): string | null {
  try {
    return execFileSync('mitmdump', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? ''
  } catch {
    return null
  }
}

/** mitmdump takes no port 0 and tells no port: one that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return connected
}

export const mitmdump: System = {
  name: 'mitmdump',
  get about() {
    return `mitmdump -w FILE (${version() ?? 'not installed'})`
  },
  missing: () => (version() === null ? 'mitmdump is not installed' : null),
  async start({ cores, originCaPem, folder }) {
    const port = await freePort()
    const trusted = join(folder, 'origin-ca.pem')
    writeFileSync(trusted, originCaPem)
    const settings = [`confdir=${folder}`, `ssl_verify_upstream_trusted_ca=${trusted}`].flatMap((each) => ['--set', each])
    const where = ['--listen-host', '127.0.0.1', '--listen-port', String(port)]
    const args = ['-q', '-w', join(folder, 'flows'), ...where, ...settings]
    const child = spawnPinned(cores, 'mitmdump', args, { stdio: ['ignore', 'inherit', 'inherit'] })
    const caFile = join(folder, 'mitmproxy-ca-cert.pem')
    for (let tries = 0; !(existsSync(caFile) && (await answers(port))); tries++) {
      if (tries > 150 || child.exitCode !== null) throw new Error('mitmdump did not start')
      await delay(100)
    }
    return {
      proxy: { host: '127.0.0.1', port },
      caPem: readFileSync(caFile, 'utf8'),
      pid: child.pid ?? 0,
      recorded: null,
      storedBody: null,
      stop: () => endProcess(child),
    }
  },
}

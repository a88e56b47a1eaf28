/** Starts a control of this folder's sibling `controls/`: a Node script that prints its port once it listens. */
import { fileURLToPath } from 'node:url'
import { endProcess, firstLine, spawnPinned } from '../measure/pinned-process.ts'
import type { System } from './system.ts'

export function control(name: string, about: string, script: string): System {
  return {
    name,
    about,
    missing: () => null,
    async start({ cores, originCaPem }) {
      const path = fileURLToPath(new URL(`../controls/${script}`, import.meta.url))
      const env = { ...process.env, BENCH_TRUSTED_CA: originCaPem }
      const child = spawnPinned(cores, process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'], env })
      const { port, caPem } = await firstLine<{ port: number; caPem: string }>(child)
      return {
        proxy: { host: '127.0.0.1', port },
        caPem,
        pid: child.pid ?? 0,
        recorded: null,
        storedBody: null,
        stop: () => endProcess(child),
      }
    },
  }
}

export const blind = control('blind', 'TLS terminated on both sides by a Node proxy that records nothing: the limit', 'blind-tls-proxy.ts')
export const mockttp = control(
  'mockttp',
  'stock mockttp pass-through with request and response listeners, nothing on disk',
  'mockttp-pass-through.ts',
)
export const bareHttp = control('bare-http', 'a node:http forwarder that records nothing', 'bare-http-forwarder.ts')

/** The process that is load generator and origin in one: one event loop on one core, so that neither waits for a switch. */
import { createAuthority } from '../certificates.ts'
import { transfer } from './body-transfer.ts'
import { KeepAlivePool, type RunLimits } from './keep-alive-pool.ts'
import { startOrigin } from './origin.ts'
import { connectThrough, requestPrefix, type Target } from './proxied-socket.ts'
import { getOnce, runTunnels } from './tunnel-loop.ts'

const authority = await createAuthority('bench origin')
const ports = await startOrigin(await authority.leaf(['127.0.0.1', 'localhost']))
const pools = new Map<string, KeepAlivePool>()

function poolOf(pool: string): KeepAlivePool {
  const found = pools.get(pool)
  if (!found) throw new Error(`no pool ${pool}`)
  return found
}

/** What the harness may ask for: see `load.ts`, which types the calls. */
export const commands = {
  origin: () => ({ ports, caPem: authority.pem }),
  openPool(params: { pool: string; target: Target; connections: number }) {
    pools.set(params.pool, new KeepAlivePool(params.target, params.connections))
  },
  runPool: (params: { pool: string } & RunLimits) => poolOf(params.pool).run(params),
  closePool(params: { pool: string }) {
    poolOf(params.pool).close()
    pools.delete(params.pool)
  },
  runTunnels: (params: { target: Target; concurrency: number; durationMs: number }) =>
    runTunnels(params.target, params.concurrency, params.durationMs),
  transfer: (params: { target: Target; way: 'download' | 'upload'; bytes: number }) => transfer(params.target, params.way, params.bytes),
  /** One exchange with the proxy's certificate verified: shows that the proxy intercepts, before its speed is measured. */
  async probe(params: { target: Target }) {
    const socket = await connectThrough(params.target, true)
    const { host, port } = params.target.origin
    await getOnce(socket, `${host}:${port}`, `${requestPrefix(params.target)}/v1/items/999999999`)
    socket.destroy()
  },
}

export type Commands = typeof commands

process.on('message', ({ id, command, params }: { id: number; command: keyof Commands; params: never }) => {
  Promise.resolve()
    .then(() => (commands[command] as (params: never) => unknown)(params))
    .then(
      (result) => process.send?.({ id, result }),
      (error: Error) => process.send?.({ id, error: error.message }),
    )
})
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: true })

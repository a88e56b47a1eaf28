/** The process that is load generator and origin in one: one event loop on one core, so that neither waits for a switch. */
import { createAuthority } from '../certificates.ts'
import { transfer } from './body-transfer.ts'
import { EchoSockets } from './echo-sockets.ts'
import { Http2Pool, Http2Requester } from './http2-pool.ts'
import { http2Transfer } from './http2-transfer.ts'
import { IdleTunnels } from './idle-tunnels.ts'
import { KeepAlivePool } from './keep-alive-pool.ts'
import { startOrigin } from './origin.ts'
import type { Pool, RunLimits, Traffic } from './pool.ts'
import { connectThrough, type Target } from './proxied-socket.ts'
import { getItem, runTunnels } from './tunnel-loop.ts'

const authority = await createAuthority('bench origin')
const ports = await startOrigin(await authority.leaf(['127.0.0.1', 'localhost']))
const idle = new IdleTunnels()
const pools = new Map<string, Pool>()
const echoes = new Map<string, EchoSockets>()

interface PoolPlan {
  pool: string
  target: Target
  connections: number
  /** Exchanges at once on each connection, over HTTP/2 only. */
  streams?: number
  /** Over HTTP/1.1 only. */
  traffic?: Traffic
}

function poolOf(pool: string): Pool {
  const found = pools.get(pool)
  if (!found) throw new Error(`no pool ${pool}`)
  return found
}

/** What the harness may ask for: see `load.ts`, which types the calls. */
export const commands = {
  origin: () => ({ ports, caPem: authority.pem }),
  openPool({ pool, target, connections, streams = 1, traffic = 'items' }: PoolPlan) {
    const isMultiplexed = target.scheme === 'h2'
    pools.set(pool, isMultiplexed ? new Http2Pool(target, connections, streams) : new KeepAlivePool(target, connections, traffic))
  },
  runPool: (params: { pool: string } & RunLimits) => poolOf(params.pool).run(params),
  closePool(params: { pool: string }) {
    poolOf(params.pool).close()
    pools.delete(params.pool)
  },
  async openEchoSockets({ pool, target, connections }: { pool: string; target: Target; connections: number }) {
    const sockets = new EchoSockets()
    echoes.set(pool, sockets)
    await sockets.open(target, connections)
  },
  runEchoSockets({ pool, durationMs }: { pool: string; durationMs: number }) {
    const sockets = echoes.get(pool)
    if (!sockets) throw new Error(`no sockets ${pool}`)
    return sockets.run(durationMs)
  },
  runTunnels: (params: { target: Target; concurrency: number; durationMs: number }) =>
    runTunnels(params.target, params.concurrency, params.durationMs),
  transfer({ target, way, bytes }: { target: Target; way: 'download' | 'upload'; bytes: number }) {
    return (target.scheme === 'h2' ? http2Transfer : transfer)(target, way, bytes)
  },
  openTunnels: async ({ target, count }: { target: Target; count: number }) => void (await idle.open(target, count)),
  /** One exchange through each of them. */
  useTunnels: () => idle.use(),
  closeTunnels: () => idle.close(),
  /** One exchange with the proxy's certificate verified: shows that the proxy intercepts, before its speed is measured. */
  async probe(params: { target: Target }) {
    const socket = await connectThrough(params.target, true)
    if (params.target.scheme === 'h2') await new Http2Requester(socket, params.target).once()
    else await getItem(socket, params.target)
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

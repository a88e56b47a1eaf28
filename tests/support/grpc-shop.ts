/** A real gRPC server on loopback, its client through a proxy, and what each of them put on the wire. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { onTestFinished, vi } from 'vitest'
import type { Capture } from './capture.ts'
import { testCa } from './certificates.ts'

const source = `syntax = "proto3";
package shop.v1;
message Order { string name = 1; int64 count = 2; }
service Orders {
  rpc Place (Order) returns (Order);
  rpc Watch (Order) returns (stream Order);
  rpc Collect (stream Order) returns (Order);
  rpc Talk (stream Order) returns (stream Order);
}`

export interface Order {
  name?: string
  count?: string
}

type Method = MethodDefinition<Order, Order>

/** As the server saw them: the bytes of each message without its prefix and compression, by method. */
export interface SeenMessages {
  sent: Buffer[]
  received: Buffer[]
}

const OrderType = protobuf.parse(source, { keepCase: true }).root.lookupType('shop.v1.Order')
const serialize = (order: Order) => Buffer.from(OrderType.encode(OrderType.fromObject(order)).finish())
const deserialize = (bytes: Buffer) => OrderType.toObject(OrderType.decode(bytes), { longs: String }) as Order

const streams = { Place: [false, false], Watch: [false, true], Collect: [true, false], Talk: [true, true] } as const
export type MethodName = keyof typeof streams

function definition(name: MethodName, seen: SeenMessages): Method {
  const [requestStream, responseStream] = streams[name]
  return {
    path: `/shop.v1.Orders/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serialize,
    requestDeserialize(bytes) {
      seen.sent.push(Buffer.from(bytes))
      return deserialize(bytes)
    },
    responseSerialize(order) {
      const bytes = serialize(order)
      seen.received.push(bytes)
      return bytes
    },
    responseDeserialize: deserialize,
  }
}

/** Its .proto in a folder of that home, and a configuration that names it. */
export function configureProtos(home: string, more: { [name: string]: string } = {}): void {
  mkdirSync(join(home, 'protos'), { recursive: true })
  for (const [name, text] of Object.entries({ 'shop.proto': source, ...more })) writeFileSync(join(home, 'protos', name), text)
  writeFileSync(join(home, 'config.toml'), 'grpc.protos = ["protos"]\n')
}

export interface Shop {
  port: number
  seen: { readonly [name in MethodName]: SeenMessages }
}

const gzip = { 'grpc.default_compression_algorithm': 2 }

/** Place answers once (`count` 0 is refused with NOT_FOUND), Watch `count` times, Collect at the end, Talk to each. Closed when the test has finished. */
export async function startShop(compressed: boolean): Promise<Shop> {
  const names = Object.keys(streams) as MethodName[]
  const seen = Object.fromEntries(names.map((name) => [name, { sent: [], received: [] }])) as unknown as Shop['seen']
  const server = new Server(compressed ? gzip : {})
  const trailers = () => {
    const metadata = new Metadata()
    metadata.set('x-cost', '7')
    return metadata
  }
  server.addService(Object.fromEntries(names.map((name) => [name, definition(name, seen[name])])), {
    Place({ request }: ServerUnaryCall<Order, Order>, answer: sendUnaryData<Order>) {
      if (request.count === undefined) answer({ code: status.NOT_FOUND, details: 'no such thing ☂' })
      else answer(null, { name: `placed ${request.name}`, count: request.count }, trailers())
    },
    Watch(call: ServerWritableStream<Order, Order>) {
      for (let n = 1; n <= Number(call.request.count); n++) call.write({ name: `${call.request.name} ${n}`, count: String(n) })
      call.end(trailers())
    },
    Collect(call: ServerReadableStream<Order, Order>, answer: sendUnaryData<Order>) {
      const heard: string[] = []
      call.on('data', ({ name = '' }: Order) => heard.push(name))
      call.on('end', () => answer(null, { name: heard.join(), count: String(heard.length) }))
    },
    Talk(call: ServerDuplexStream<Order, Order>) {
      call.on('data', ({ name, count }: Order) => call.write({ name: `heard ${name}`, count: count ?? '0' }))
      call.on('end', () => call.end())
    },
  })
  const { key, cert } = await (await testCa()).issue(['localhost'])
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      '127.0.0.1:0',
      ServerCredentials.createSsl(null, [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }]),
      (error, bound) => (error ? reject(error) : resolve(bound)),
    ),
  )
  onTestFinished(() => server.forceShutdown())
  return { port, seen }
}

/** Takes its proxy from the variable `grpc_proxy`. */
class ShopClient extends Client {
  constructor(port: number, ca: Buffer, compressed: boolean) {
    super(`localhost:${port}`, credentials.createSsl(ca), compressed ? gzip : {})
    onTestFinished(() => this.close())
  }

  place(order: Order): Promise<Order> {
    return new Promise((resolve, reject) =>
      this.makeUnaryRequest('/shop.v1.Orders/Place', serialize, deserialize, order, (error, answer) =>
        error ? reject(error) : resolve(answer as Order),
      ),
    )
  }

  watch(order: Order) {
    return this.makeServerStreamRequest('/shop.v1.Orders/Watch', serialize, deserialize, order)
  }

  collect(orders: readonly Order[]): Promise<Order> {
    return new Promise((resolve, reject) => {
      const call = this.makeClientStreamRequest('/shop.v1.Orders/Collect', serialize, deserialize, (error, answer) =>
        error ? reject(error) : resolve(answer as Order),
      )
      for (const order of orders) call.write(order)
      call.end()
    })
  }

  talk() {
    return this.makeBidiStreamRequest('/shop.v1.Orders/Talk', serialize, deserialize)
  }
}

/** Through a session's proxy; closed when the test has finished. */
export async function shopThrough({ session, home }: Capture, port: number, compressed = false): Promise<ShopClient> {
  vi.stubEnv('grpc_proxy', `http://127.0.0.1:${session.proxy?.port}`)
  vi.stubEnv('no_grpc_proxy', '')
  vi.stubEnv('no_proxy', '')
  const client = new ShopClient(port, await readFile(home.caCertificate), compressed)
  vi.unstubAllEnvs()
  return client
}

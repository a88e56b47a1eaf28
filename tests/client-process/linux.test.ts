import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LinuxProcesses } from '../../daemon/client-process/linux.ts'
import { findSockets, kernelAddress, socketKeys } from '../../daemon/client-process/linux-sockets.ts'
import { temporaryHome } from '../support/home.ts'

const onLinux = process.platform === 'linux'
if (!onLinux) process.stderr.write('Tests of /proc are SKIPPED: this is no Linux.\n')

const asked = (id: number, from: string, fromPort: number, to: string, toPort: number) => ({
  id,
  client: { address: from, port: fromPort },
  proxy: { address: to, port: toPort },
})

/** As Linux writes it on a little-endian machine. */
const table = [
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  '   0: 0100007F:2483 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31001 1 0000000000000000 100 0 0 10 0',
  '   1: 0100007F:C350 0100007F:2483 01 00000000:00000000 00:00000000 00000000  1000        0 31002 1 0000000000000000 20 4 30 10 -1',
  '   2: 0100007F:2483 0100007F:C350 01 00000000:00000000 02:000A1F5B 00000000     0        0 31003 2 0000000000000000 20 4 31 10 -1',
  '   3: 0100007F:C351 0100007F:2483 06 00000000:00000000 03:00000B62 00000000     0        0 0 3 0000000000000000',
  '',
].join('\n')

const table6 = [
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  '   0: 0000000000000000FFFF00000100007F:C352 0000000000000000FFFF00000100007F:2483 01 00000000:00000000 00:00000000 00000000  1000        0 41002 1 0000000000000000 20 4 30 10 -1',
  '   1: 00000000000000000000000001000000:C353 00000000000000000000000001000000:2483 01 00000000:00000000 00:00000000 00000000  1000        0 41003 1 0000000000000000 20 4 30 10 -1',
  '',
].join('\n')

const find = (text: string, keys: ReadonlyMap<string, number>) => findSockets(Buffer.from(text, 'latin1'), keys)

describe('the table of sockets', () => {
  it("names the client's end, not the proxy's, and no socket that is only waiting", () => {
    const keys = socketKeys([asked(7, '127.0.0.1', 50_000, '127.0.0.1', 9347), asked(8, '127.0.0.1', 50_001, '127.0.0.1', 9347)])
    expect([...find(table, keys).open]).toEqual([['31002', 7]])
  })

  it('says who is gone: sockets that are only waiting, at either end', () => {
    const waiting = '   4: 0100007F:2483 0100007F:C354 06 00000000:00000000 03:00000B62 00000000     0        0 0 3 0000000000000000'
    const keys = socketKeys([50_000, 50_001, 50_004, 50_005].map((port) => asked(port, '127.0.0.1', port, '127.0.0.1', 9347)))
    expect([...find(`${table}${waiting}\n`, keys).gone]).toEqual([50_001, 50_004])
  })

  it('is read to its end, however long its lines and numbers are', () => {
    const line = (at: number, inode: number) =>
      `${String(at).padStart(4)}: 0100007F:${(20_000 + at).toString(16).toUpperCase()} 0100007F:2483 01 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1`
    const width = fc.constantFrom(0, 148, 149, 150)
    fc.assert(
      fc.property(fc.array(width, { minLength: 1, maxLength: 8 }), fc.nat(12_000), (widths, first) => {
        const keys = socketKeys(widths.map((_, at) => asked(at, '127.0.0.1', 20_000 + first + at, '127.0.0.1', 9347)))
        const text = widths.map((wide, at) => `${line(first + at, 70_000 + at).padEnd(wide)}\n`).join('')
        expect([...find(`${'head'.padEnd(149)}\n${text}`, keys).open]).toEqual(widths.map((_, at) => [String(70_000 + at), at]))
      }),
    )
  })

  it('of IPv6 has IPv4 clients, too, mapped', () => {
    const keys = socketKeys([asked(1, '::ffff:127.0.0.1', 50_002, '127.0.0.1', 9347), asked(2, '::1', 50_003, '::1', 9347)])
    expect([...find(table6, keys).open]).toEqual([
      ['41002', 1],
      ['41003', 2],
    ])
  })

  it('is not believed more than it says, whatever stands in it', () => {
    const keys = socketKeys([asked(7, '127.0.0.1', 50_000, '127.0.0.1', 9347)])
    const line = fc.oneof(fc.string(), fc.constantFrom(...table.split('\n')), fc.string({ unit: fc.constantFrom(...' :0123AF\n') }))
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        for (const [inode, id] of find(lines.join('\n'), keys).open) expect([inode, id]).toEqual(['31002', 7])
      }),
    )
  })

  it('has any address in one form, however it was written', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
        expect(kernelAddress(canonical)).toBe(kernelAddress(address))
        expect(kernelAddress(address)).toMatch(/^[0-9A-F]{32}$|^[0-9A-F]{8}$/)
      }),
    )
    expect(['', 'localhost', '1.2.3', 'fe80::1%eth0'].map(kernelAddress)).toEqual([null, null, null, kernelAddress('fe80::1')])
  })
})

/** Three processes of a made-up /proc; `owner` has socket 31002 open. */
async function procOf(owner: string): Promise<string> {
  const proc = await temporaryHome()
  await mkdir(join(proc, 'net'))
  await writeFile(join(proc, 'net/tcp'), table)
  for (const pid of ['20', '30', '40']) {
    await mkdir(join(proc, pid, 'fd'), { recursive: true })
    await symlink('/dev/null', join(proc, pid, 'fd/0'))
    await writeFile(join(proc, pid, 'comm'), `comm ${pid}\n`)
  }
  await symlink('socket:[31002]', join(proc, owner, 'fd/3'))
  return proc
}

describe.runIf(onLinux)('the process', () => {
  const connection = asked(7, '127.0.0.1', 50_000, '127.0.0.1', 9347)

  it('is named by its executable, also when that was replaced since, or by itself where the executable may not be seen', async () => {
    const proc = await procOf('30')
    expect(await new LinuxProcesses(proc).find([connection])).toEqual(new Map([[7, { pid: 30, name: 'comm 30', path: null }]]))
    await symlink('/opt/my app/agent (deleted)', join(proc, '30/exe'))
    expect((await new LinuxProcesses(proc).find([connection])).get(7)).toEqual({ pid: 30, name: 'agent', path: '/opt/my app/agent' })
  })

  it('is missing when nobody has the socket, or there is no table at all', async () => {
    const proc = await procOf('30')
    const unknown = asked(9, '127.0.0.1', 1, '127.0.0.1', 9347)
    expect(await new LinuxProcesses(proc).find([unknown, connection])).toHaveProperty('size', 1)
    expect(await new LinuxProcesses(join(proc, 'nowhere')).find([connection])).toHaveProperty('size', 0)
  })

  it('behind real connections is found, over IPv4 and IPv6, all in one look', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => void sockets.push(socket)).listen(0, '::')
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const script = `const net = require('node:net')
      for (const host of ['127.0.0.1', '::1']) net.connect(${port}, host).on('error', () => {})
      process.stdin.resume().on('end', () => process.exit())`
    const child = spawn(process.execPath, ['-e', script, 'secret-argument'], { stdio: ['pipe', 'ignore', 'inherit'] })
    onTestFinished(() => void child.stdin.end())
    while (sockets.length < 2) await once(server, 'connection')
    const all = sockets.map((socket, id) =>
      asked(id, socket.remoteAddress ?? '', socket.remotePort ?? 0, socket.localAddress ?? '', socket.localPort ?? 0),
    )
    const found = await new LinuxProcesses().find(all)
    const expected = { pid: child.pid, name: basename(process.execPath), path: process.execPath }
    expect([...found.values()]).toEqual([expected, expected])
    expect(JSON.stringify([...found])).not.toContain('secret')
  })
})

/** Linux: ends of a connection -> inode (/proc/net/tcp) -> the process that has it open (/proc/PID/fd). */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ClientProcess } from '../../sdk/model.ts'
import { findSockets, type Sockets, socketKeys } from './linux-sockets.ts'
import type { Asked, ProcessFinder } from './surface.ts'

/** Processes that had connections lately are looked at first. What they have open is read again each time, so a pid that was given anew misleads nobody. */
const rememberedProcesses = 32

/** For a table, bytes; it grows with the largest. */
const firstTableBytes = 256 * 1024

export class LinuxProcesses implements ProcessFinder {
  #proc: string
  #buffer = Buffer.allocUnsafe(firstTableBytes)
  /** Latest first. */
  #recent: string[] = []

  constructor(proc = '/proc') {
    this.#proc = proc
  }

  async find(asked: readonly Asked[]): Promise<Map<number, ClientProcess>> {
    const wanted = this.#inodes(asked)
    const found = new Map<number, ClientProcess>()
    const looked = new Set<string>([String(process.pid)])
    for (const pids of [() => [...this.#recent], () => this.#pids()]) {
      if (wanted.size === 0) break
      for (const pid of pids()) {
        if (wanted.size === 0) break
        if (looked.has(pid)) continue
        looked.add(pid)
        this.#look(pid, wanted, found)
      }
    }
    return found
  }

  /** The table of IPv6 also has clients that reach IPv4 through such a socket; it is read when there is somebody left who may be in it. */
  #inodes(asked: readonly Asked[]): Map<string, number> {
    const keys = socketKeys(asked)
    const { open, gone } = this.#table('net/tcp', keys)
    if (new Set([...open.values(), ...gone]).size < asked.length)
      for (const [inode, id] of this.#table('net/tcp6', keys).open) open.set(inode, id)
    return open
  }

  #table(path: string, keys: ReadonlyMap<string, number>): Sockets {
    return findSockets(
      unlessGone(() => this.#readTable(path), empty),
      keys,
    )
  }

  /** Holds until the next call. */
  #readTable(path: string): Buffer {
    const file = openSync(join(this.#proc, path), 'r')
    try {
      let length = 0
      for (;;) {
        if (length === this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], 2 * length)
        const read = readSync(file, this.#buffer, length, this.#buffer.length - length, null)
        if (read === 0) return this.#buffer.subarray(0, length)
        length += read
      }
    } finally {
      closeSync(file)
    }
  }

  /** The newest first: a client that has just connected has often just started. */
  #pids(): string[] {
    return this.#list('')
      .filter((name) => /^\d+$/.test(name))
      .sort((a, b) => Number(b) - Number(a))
  }

  /** Takes from `wanted` what this process has open. Its newest files are the last. */
  #look(pid: string, wanted: Map<string, number>, found: Map<number, ClientProcess>): void {
    let mine: ClientProcess | null = null
    for (const fd of this.#list(`${pid}/fd`).reverse()) {
      const inode = /^socket:\[(\d+)\]$/.exec(this.#link(`${pid}/fd/${fd}`))?.[1]
      const id = inode === undefined ? undefined : wanted.get(inode)
      if (inode === undefined || id === undefined) continue
      mine ??= this.#describe(pid)
      found.set(id, mine)
      wanted.delete(inode)
      if (wanted.size === 0) break
    }
    if (mine !== null) this.#recent = [pid, ...this.#recent.filter((other) => other !== pid)].slice(0, rememberedProcesses)
  }

  #describe(pid: string): ClientProcess {
    const path = this.#link(`${pid}/exe`).replace(/ \(deleted\)$/, '')
    const name = path === '' ? this.#read(`${pid}/comm`).trimEnd() : basename(path)
    return { pid: Number(pid), name, path: path === '' ? null : path }
  }

  // A process may end at any moment, and another user's cannot be read: then there is nothing to see.
  #list(path: string): string[] {
    return unlessGone(() => readdirSync(join(this.#proc, path)), [])
  }
  #link(path: string): string {
    return unlessGone(() => readlinkSync(join(this.#proc, path)), '')
  }
  #read(path: string): string {
    return unlessGone(() => readFileSync(join(this.#proc, path), 'latin1'), '')
  }
}

const empty = Buffer.alloc(0)
const gone: readonly (string | undefined)[] = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM']

function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (error) {
    if (gone.includes((error as NodeJS.ErrnoException).code)) return otherwise
    throw error
  }
}

/** macOS: `lsof` names the process of a connection, `ps` its executable. Both are part of the system. */
import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import type { ClientProcess } from '../../sdk/model.ts'
import type { Asked, ProcessFinder } from './surface.ts'

/** Standard output, whatever the exit code: lsof's is 1 when one of several ports is not found. */
export type RunCommand = (program: string, words: readonly string[]) => Promise<string>

const patienceMs = 2_000
const mostOutput = 8 * 1024 * 1024

export const runCommand: RunCommand = (program, words) =>
  new Promise((resolve, reject) => {
    execFile(program, words, { timeout: patienceMs, maxBuffer: mostOutput }, (error, stdout) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve(stdout)
    })
  })

export class MacosProcesses implements ProcessFinder {
  #run: RunCommand

  constructor(run: RunCommand = runCommand) {
    this.#run = run
  }

  async find(asked: readonly Asked[]): Promise<Map<number, ClientProcess>> {
    const ports = [...new Set(asked.map(({ client }) => client.port))].join()
    const open = parseConnections(await this.#run('/usr/sbin/lsof', ['-nP', '-w', `-iTCP:${ports}`, '+c', '0', '-F', 'pcn']))
    const owners = new Map<number, { pid: number; command: string }>()
    for (const { id, client, proxy } of asked) {
      const owner = open.get(`${endpoint(client.address, client.port)}->${endpoint(proxy.address, proxy.port)}`)
      if (owner !== undefined) owners.set(id, owner)
    }
    if (owners.size === 0) return new Map()
    const pids = [...new Set([...owners.values()].map(({ pid }) => pid))].join()
    const paths = parseExecutables(await this.#run('/bin/ps', ['-o', 'pid=,comm=', '-p', pids]))
    return new Map([...owners].map(([id, { pid, command }]) => [id, describe(pid, command, paths.get(pid) ?? null)]))
  }
}

const describe = (pid: number, command: string, path: string | null): ClientProcess => ({
  pid,
  name: path === null ? command : basename(path),
  path,
})

function endpoint(address: string, port: number): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

/** `-F pcn`: a line a field, its first letter says which; p and c hold for the n that follow. `from->to` -> whose. */
export function parseConnections(output: string): Map<string, { pid: number; command: string }> {
  const connections = new Map<string, { pid: number; command: string }>()
  let pid = 0
  let command = ''
  for (const line of output.split('\n')) {
    const value = line.slice(1)
    if (line[0] === 'p') pid = Number(value)
    else if (line[0] === 'c') command = value
    else if (line[0] === 'n' && value.includes('->')) connections.set(value, { pid, command })
  }
  return connections
}

/** `ps -o pid=,comm=`: on macOS comm is the whole path of the executable, spaces and all. What is no path is left out. */
export function parseExecutables(output: string): Map<number, string> {
  const paths = new Map<number, string>()
  for (const line of output.split('\n')) {
    const [, pid, path] = /^ *(\d+) +(\/.*?) *$/.exec(line) ?? []
    if (pid !== undefined && path !== undefined) paths.set(Number(pid), path)
  }
  return paths
}

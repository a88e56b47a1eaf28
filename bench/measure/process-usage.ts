/** What the kernel says a process used, all its threads and child processes included. Linux only: it reads /proc. */
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, fixed by the kernel's ABI for everything in /proc. */
const tickMs = 10

/** One line of /proc/.../stat: comm may contain spaces and parentheses, so count from its last one. */
function parseStat(stat: string): { name: string; cpuMs: number } {
  const end = stat.lastIndexOf(')')
  const fields = stat.slice(end + 2).split(' ')
  return { name: stat.slice(stat.indexOf('(') + 1, end), cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs }
}

/** Null when the file's process or thread is gone: it may end between the listing and the reading. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** The process and all its living descendants. */
export function processTree(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((task) =>
    (read(`/proc/${pid}/task/${task}/children`) ?? '').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(processTree)]
}

/** utime + stime of the tree in milliseconds. Children that ended between two calls are missed: keep them out of a window. */
export function cpuMs(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + parseStat(read(`/proc/${each}/stat`) ?? ') ').cpuMs || sum, 0)
}

/** CPU of everything on the machine in milliseconds: what neither the load nor the proxy used, somebody else did. */
export function machineBusyMs(): number {
  const [, ...fields] = (read('/proc/stat') ?? '').split('\n')[0]?.trim().split(/\s+/).map(Number) ?? []
  // user nice system idle iowait irq softirq steal; proc_stat(5).
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields
  return (user + nice + system + irq + softirq + steal) * tickMs
}

export interface ThreadUsage {
  /** The kernel's name for it: says little (V8 and libuv name few threads), the id keeps two apart. */
  name: string
  id: number
  cpuMs: number
}

export function threadUsage(pid: number): ThreadUsage[] {
  return processTree(pid).flatMap((each) =>
    list(`/proc/${each}/task`).flatMap((task) => {
      const stat = read(`/proc/${each}/task/${task}/stat`)
      return stat ? [{ ...parseStat(stat), id: Number(task) }] : []
    }),
  )
}

function statusBytes(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`) ?? '')
  return Number(match?.[1] ?? 0) * 1024
}

/** VmRSS of the tree in bytes. */
export function rssBytes(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + statusBytes(each, 'VmRSS'), 0)
}

/** Samples the tree's RSS until `stop`, which returns the highest value seen. */
export function watchRss(pid: number, everyMs = 20): { peak(): number; stop(): number } {
  let peak = rssBytes(pid)
  const sample = () => {
    peak = Math.max(peak, rssBytes(pid))
  }
  const timer = setInterval(sample, everyMs)
  return {
    peak: () => peak,
    stop() {
      clearInterval(timer)
      sample()
      return peak
    },
  }
}

/** The daemon process: checks its surroundings, starts, says so, and ends on a signal or on request. */
import { closeSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import type { StartReport } from '../sdk/daemon-process.ts'
import { toWire, unavailable, WeirError } from '../sdk/errors.ts'
import { type Home, resolveHome } from '../sdk/home.ts'
import { readConfig, refusedEnvironment } from './config.ts'
import { compose, parts, resolve } from './container.ts'
import type { Daemon } from './daemon.ts'
import { type Log, openLog } from './log.ts'
import { prepareHome } from './single-instance.ts'

/** Who started it in the background reads there, until it closes. */
const reportDescriptor = 3

/** @param args `--report`: in the background, with a descriptor to report on. */
export async function main(args: readonly string[]): Promise<void> {
  const isBackground = args.includes('--report')
  const report = isBackground ? reportToStarter : reportToTerminal
  try {
    const home = resolveHome()
    const { daemon, log } = makeDaemon(home)
    if (isBackground) closeInherited()
    await daemon.start()
    stopOnSignals(daemon, log)
    report({ ready: { pid: process.pid } }, home)
    if ((await daemon.stopped) === 'hanging') process.kill(process.pid, 'SIGKILL')
    process.exit(0)
  } catch (error) {
    if (!(error instanceof WeirError)) process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    report({ error: toWire(error) }, null)
    process.exit(1)
  }
}

function makeDaemon(home: Home): { daemon: Daemon; log: Log } {
  const refused = refusedEnvironment(process.env, process.execArgv)
  if (refused) throw unavailable('environmentRefused', refused)
  // Everything the daemon makes holds what passed: it is its user's alone.
  process.umask(0o077)
  prepareHome(home)
  const config = readConfig(home.configuration, process.env)
  const log = openLog(home.log, config.logLevel)
  process.on('uncaughtException', (error) => log.fault('an error was not caught', error))
  process.on('unhandledRejection', (error) => log.fault('a rejection was not handled', error))
  return { daemon: resolve(compose({ home, config, environment: process.env, log }), parts.daemon), log }
}

/** The first signal stops in order, the second without waiting for traffic, the third at once. */
function stopOnSignals(daemon: Daemon, log: Log): void {
  let signals = 0
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      log.write('info', 'signal', { signal })
      signals++
      if (signals === 1) void daemon.stop()
      else if (signals === 2) daemon.hurry()
      else process.exit(1)
    })
  }
}

function reportToStarter(report: StartReport): void {
  try {
    writeSync(reportDescriptor, `${JSON.stringify(report)}\n`)
    closeSync(reportDescriptor)
  } catch (error) {
    // Who started it is gone; the daemon outlives it.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

function reportToTerminal(report: StartReport, home: Home | null): void {
  process.stderr.write(
    'ready' in report ? `weir answers on ${home?.socket}; stop it with Ctrl-C or: weir stop\n` : `${report.error.message}\n`,
  )
}

/**
 * A daemon outlives the command that started it and must not keep that command's pipes open: whoever reads them would
 * wait for their end. Node opens everything close-on-exec; what is not came from outside (proc(5), fdinfo: flags).
 */
function closeInherited(): void {
  if (process.platform !== 'linux') return
  const closeOnExec = 0o2000000
  for (const name of readdirSync('/proc/self/fd')) {
    const descriptor = Number(name)
    if (descriptor <= reportDescriptor) continue
    try {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))?.[1] ?? ''
      if (flags !== '' && (Number.parseInt(flags, 8) & closeOnExec) === 0) closeSync(descriptor)
    } catch (error) {
      // The descriptor that listed the folder is closed by now.
      if (!['ENOENT', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}

/** The command line. Commands load what they need when they run, so that starting stays quick. */
import { resolveHome } from '../../sdk/home.ts'
import { version } from '../../sdk/version.ts'
import { commands } from './commands.ts'
import { type Context, connector } from './context.ts'
import { endingOf } from './exit.ts'
import { Output } from './output.ts'
import { parse } from './program.ts'

/** @param argv the words after `weir`. Resolves to the exit code; everything has been written by then. */
export async function run(argv: readonly string[]): Promise<number> {
  const out = new Output(process.stdout)
  const err = new Output(process.stderr)
  try {
    const parsed = parse(argv, commands, version())
    if ('code' in parsed) {
      await (parsed.code === 0 ? out : err).write(parsed.text)
      return parsed.code
    }
    const home = resolveHome(process.env)
    const context: Context = { in: process.stdin, out, err, env: process.env, home, ...connector(home, process.env) }
    const command = await parsed.run.load()
    return await command(parsed.given, context)
  } catch (error) {
    const { code, message } = endingOf(error)
    // A reader of standard error that went away is no reason to fail otherwise.
    if (message) await err.line(`weir: ${message}`).catch(() => undefined)
    return code
  }
}

/** What the bin calls. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await run(argv)
}

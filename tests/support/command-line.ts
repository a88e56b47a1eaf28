/** The real command line, as a process of its own. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Environment } from '../../sdk/home.ts'

const program = join(import.meta.dirname, '../../daemon/weir.js')

export interface Ended {
  /** 128 + n when signal n ended it. */
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  /** Standard output, byte for byte. */
  bytes: Buffer
}

export interface RunOptions {
  env: Environment
  cwd?: string
  /** Standard input; empty when absent. */
  input?: string | Uint8Array
}

/** Runs `weir WORDS...` to its end. */
export async function weir(words: readonly string[], options: RunOptions): Promise<Ended> {
  return startWeir(words, options).ended
}

export interface RunningWeir {
  ended: Promise<Ended>
  /** Resolves with the match once standard output has it; rejects with all that was said when it ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  /** The same for standard error. */
  complains(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
}

/** Killed when the test has finished. */
export function startWeir(words: readonly string[], { env, cwd, input = '' }: RunOptions): RunningWeir {
  const child = spawn(process.execPath, [program, ...words], { env, ...(cwd && { cwd }), stdio: 'pipe' })
  const out = collect(child.stdout)
  const err = collect(child.stderr)
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      out.end()
      err.end()
      resolve({ code, signal, stdout: out.text(), stderr: err.text(), bytes: out.bytes() })
    })
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const saying = () => `standard output:\n${out.text()}\nstandard error:\n${err.text()}`
  return {
    ended,
    prints: (pattern) => out.match(pattern, saying),
    complains: (pattern) => err.match(pattern, saying),
    kill: (signal) => void child.kill(signal),
  }
}

interface Collected {
  bytes(): Buffer
  text(): string
  match(pattern: RegExp, saying: () => string): Promise<RegExpExecArray>
  end(): void
}

function collect(stream: Readable): Collected {
  const chunks: Buffer[] = []
  let ended = false
  let look: (() => void) | null = null
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    look?.()
  })
  const bytes = () => Buffer.concat(chunks)
  return {
    bytes,
    text: () => bytes().toString('utf8'),
    match: (pattern, saying) =>
      new Promise((resolve, reject) => {
        look = () => {
          const found = pattern.exec(bytes().toString('utf8'))
          if (found) resolve(found)
          else if (ended) reject(new Error(`${pattern} was not said\n${saying()}`))
        }
        look()
      }),
    end: () => {
      ended = true
      look?.()
    },
  }
}

/** The machine whose stores are looked at: what is on it, and who asks. */
import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import type { Environment } from '../../../sdk/home.ts'
import { findExecutable } from '../find-executable.ts'
import type { Command } from './trust-store.ts'

interface Told {
  /** 0: it succeeded. */
  code: number
  stdout: string
}

export interface Machine {
  platform: NodeJS.Platform
  env: Environment
  /** The user's home folder. */
  home: string
  exists(path: string): boolean
  /** Names in a folder; none when there is no such folder. */
  list(folder: string): string[]
  /** Empty when it cannot be read. */
  read(path: string): string
  /** The file itself, whatever links lead there; null when there is none. */
  real(path: string): string | null
  has(program: string): boolean
  /** What stands before a command that changes the file or what is in the folder: nothing, or sudo. */
  rights(path: string): Command
  /** Runs a command that changes nothing. */
  ask(command: Command): Promise<Told>
}

export function thisMachine(env: Environment): Machine {
  return {
    platform: process.platform,
    env,
    home: homedir(),
    exists: existsSync,
    list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
    read: (path) => {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return ''
      }
    },
    real: (path) => (existsSync(path) ? realpathSync(path) : null),
    has: (program) => findExecutable(program, env.PATH ?? '') === 'found',
    rights: (path) => (process.platform === 'win32' || isWritable(path) ? [] : ['sudo']),
    ask: ([program = '', ...words]) =>
      new Promise((resolve) => {
        execFile(program, words, { env: env as NodeJS.ProcessEnv, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
          resolve({ code: error === null ? 0 : 1, stdout }),
        )
      }),
  }
}

/** What is not there yet is made in its folder. */
function isWritable(path: string): boolean {
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}

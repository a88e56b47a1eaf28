/** A proxy under test, as the benches see it: a name, a way to start it, and what it says about its record. */
import type { Cores } from '../measure/pinned-process.ts'

export interface StartOptions {
  cores: Cores
  /** PEM of the CA that signed the origin: every system verifies it, as a user's would. */
  originCaPem: string
  /** A folder of its own, for what it writes. */
  folder: string
}

/** What is on record: `gaps` must be 0 and `exchanges` all that were sent, otherwise a measurement is INVALID. */
export interface Recorded {
  exchanges: number
  messages: number
  gaps: number
}

export interface Running {
  proxy: { host: string; port: number }
  /** PEM of the CA that signs its leaves. */
  caPem: string
  /** CPU and memory are those of this process and its children. */
  pid: number
  /** Null for what records nothing that could be counted. */
  recorded: (() => Promise<Recorded>) | null
  /** A stored body as it passed, piece by piece; null for what stores none that could be read. `seq` counts exchanges from 1. */
  storedBody: ((seq: number, part: 'request' | 'response') => AsyncIterable<Buffer>) | null
  stop(): Promise<void>
}

export interface System {
  name: string
  /** One line for the report. */
  about: string
  /** Why it cannot run here, or null. */
  missing(): string | null
  start(options: StartOptions): Promise<Running>
}

/** Where trust in the CA can be kept. Each kind of store says what it would run; nothing runs here. */
import type { Machine } from './machine.ts'
import type { trustStores } from './store-names.ts'

/** A program and its arguments; never a shell's line. */
export type Command = readonly string[]

/** The CA, as the stores know it. */
export interface TrustedCa {
  /** Absolute path of its PEM file. */
  path: string
  /** PEM. */
  certificate: string
  /** What `install` calls it wherever a name is needed: of this certificate alone. */
  alias: string
  /** Hexadecimal. */
  sha1: string
}

/**
 * trusted: programs that use the store trust the CA. `added`: what `install` adds is there, so that `uninstall` has something to
 * take away. `unknown`: it could not be found out, and why.
 */
export type TrustState = { trusted: boolean; added: boolean } | { unknown: string }

export interface TrustStore {
  /** Several databases of one kind share it. */
  name: (typeof trustStores)[number]
  /** The file or folder, or what it is called by its system. */
  where: string
  look(): Promise<TrustState>
  install(): Command[]
  /** Takes away what `install` added, and nothing else. */
  uninstall(): Command[]
}

/** The stores of one kind that this machine has. */
export type StoreKind = (machine: Machine, ca: TrustedCa) => TrustStore[]

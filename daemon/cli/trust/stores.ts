/** THE list of the kinds of stores; the commands and the completion derive from it. */
import { java } from './java.ts'
import { linuxSystem } from './linux-system.ts'
import type { Machine } from './machine.ts'
import { macos } from './macos.ts'
import { nss } from './nss.ts'
import type { TrustedCa, TrustStore } from './trust-store.ts'
import { windows } from './windows.ts'

/** The stores of this machine. */
export const findStores = (machine: Machine, ca: TrustedCa): TrustStore[] =>
  [linuxSystem, macos, windows, nss, java].flatMap((kind) => kind(machine, ca))

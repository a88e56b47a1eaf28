/** THE list of what `weir doctor` looks at, in the order in which it tells. */
import { checkCa } from './ca-check.ts'
import { checkDaemon } from './daemon-check.ts'
import type { Check } from './finding.ts'
import { checkHome } from './home-check.ts'
import { checkLimits } from './limits-check.ts'
import { checkPlugins } from './plugin-check.ts'
import { checkPort } from './port-check.ts'
import { checkRuntime } from './runtime-check.ts'

export const checks: readonly Check[] = [checkRuntime, checkDaemon, checkHome, checkCa, checkPort, checkLimits, checkPlugins]

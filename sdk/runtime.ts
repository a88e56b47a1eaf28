/** The Node that weir runs on: how old it may be, and what is known to be wrong with some. */

/** The daemon's and the command line's. */
export const oldestNode = [22, 18] as const

export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])
}

/** First releases without CVE-2026-111497 (brotli, out-of-bounds write), by major version. */
const repaired: { [major: number]: [minor: number, patch: number] } = { 22: [23, 4], 24: [22, 1], 26: [12, 1] }

/** What is known to be wrong with a runtime, in words. weir itself never decodes brotli natively. */
export function runtimeWarnings(version: string): string[] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const fixed = repaired[major]
  const isRepaired = fixed ? minor > fixed[0] || (minor === fixed[0] && patch >= fixed[1]) : major > 26
  if (isRepaired) return []
  const newest = Object.entries(repaired).map(([at, [m, p]]) => `${at}.${m}.${p}`)
  return [
    `Node ${version} has a hole in its brotli decoder (CVE-2026-111497); weir does not use it, but update to ${newest.join(', ')} or newer`,
  ]
}

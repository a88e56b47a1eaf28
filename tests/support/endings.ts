/** What a subscription tells of endings. */
import type { Exchange } from '../../sdk/model.ts'

/**
 * Paths of the exchanges as they end, each once. One that changes after its end (its client's process is known a little later) comes
 * again, different; the very same twice is an error.
 */
export function endingPaths(items: readonly Exchange[], last = new Map<number, string>()): string[] {
  const found: string[] = []
  for (const item of items) {
    const text = JSON.stringify(item)
    if (last.get(item.seq) === text) throw new Error(`came twice: ${text}`)
    if (item.state !== 'complete') continue
    if (!last.has(item.seq)) found.push(new URL(item.request.url).pathname)
    last.set(item.seq, text)
  }
  return found
}

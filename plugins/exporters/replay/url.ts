/** URLs that any client can call. */
import { uriOf } from '../text/uri.ts'

const callable = /^https?:\/\/(?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d+)?(?:[/?].*)?$/i

/** Percent-encoded where RFC 3986 wants it. null: it has no plain host, or a user in it. */
export function callableUrl(url: string): string | null {
  const encoded = uriOf(url)
  return callable.test(encoded) ? encoded : null
}

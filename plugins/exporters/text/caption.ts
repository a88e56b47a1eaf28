/** What an exchange is, in one line of a script's comment. */
import type { Exchange } from '../../../sdk/model.ts'

/** Characters. */
const longestMethod = 40
const longestUrl = 200

/** `7 GET https://api.test/p 200`, of letters, digits and `_ . / : -` alone: whatever was captured, it says nothing else to any program, and is short. */
export function caption({ seq, request, response }: Exchange): string {
  const [url = ''] = request.url.split('?')
  const words = [request.method.slice(0, longestMethod), url.slice(0, longestUrl)].map((word) => word.replace(/[^\w./:-]/g, '_'))
  return [seq, ...words, response?.status ?? ''].join(' ').trimEnd()
}

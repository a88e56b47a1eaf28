/** `HTTP/1.1`, `http/2.0`, `h2`, `HTTP/3`, `h3-29` -> as exchanges have it; anything else is unknown: ''. */
export function httpVersionOf(text: string): string {
  const [, major, minor] = /^(?:https?\/|h)(\d)(?:\.(\d))?(?:-|$)/i.exec(text.trim()) ?? []
  if (major === undefined) return ''
  return major === '1' || major === '0' ? `${major}.${minor ?? '1'}` : major
}

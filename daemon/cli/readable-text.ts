/** Whether bytes are text that a person can read. */

/** More control characters than this share make it binary, whatever it calls itself. */
const controlShare = 0.02
const textualControls = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b])

/** The text of (the beginning of) a body, or null when it is none. @param contentType names the charset; UTF-8 otherwise */
export function readableText(bytes: Uint8Array, contentType: string): string | null {
  return readableTexts(contentType)(bytes)
}

/** The same for a body that comes in pieces, which may end inside a character. */
export function readableTexts(contentType: string): (bytes: Uint8Array) => string | null {
  const decoder = decoderFor(contentType)
  return (bytes) => {
    try {
      return onlyReadable(decoder.decode(bytes, { stream: true }))
    } catch {
      return null
    }
  }
}

function onlyReadable(text: string): string | null {
  let controls = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0) return null
    if ((code < 0x20 && !textualControls.has(code)) || (code >= 0x7f && code < 0xa0)) controls++
  }
  return controls > text.length * controlShare ? null : text
}

function decoderFor(contentType: string): InstanceType<typeof TextDecoder> {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset, { fatal: true })
  } catch {
    return new TextDecoder('utf-8', { fatal: true })
  }
}

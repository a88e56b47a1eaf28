/** Texts of header fields as exchanges have them: a character for each byte. */

/** What has characters beyond U+00FF was decoded by who wrote it: its bytes are those of UTF-8. */
export const wireText = (text: string): string =>
  /[^\u0000-\u00ff]/.test(text) ? Buffer.from(text.toWellFormed(), 'utf8').toString('latin1') : text

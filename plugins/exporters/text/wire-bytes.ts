/** Captured text as the bytes that it stands for. */

/** @param text bytes above 127 as U+0080..00FF; what came from elsewhere (an import) is UTF-8 */
export const wireBytes = (text: string): Buffer =>
  /[^\u0000-\u00ff]/.test(text) ? Buffer.from(text.toWellFormed(), 'utf8') : Buffer.from(text, 'latin1')

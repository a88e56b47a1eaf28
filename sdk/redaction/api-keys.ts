/** Keys that tell by their shape what they are, wherever they stand: Google's API keys, sent as `?key=`, a name that much else has. */

const googleKey = /(?<![\w-])AIza[\w-]{35}(?![\w-])/g

/** The same text when there is none in it. Linear in its length. */
export const replaceApiKeys = (text: string, replace: (key: string) => string): string =>
  text.includes('AIza') ? text.replace(googleKey, replace) : text

/** Form fields and query parameters, as Postman encodes them. */

/** application/x-www-form-urlencoded, with %20 for a space. */
export const formText = (pairs: readonly (readonly [name: string, value: string])[]): string =>
  pairs.map(([name, value]) => `${percent(name)}=${percent(value)}`).join('&')

const percent = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/** How Postman shows a text. */
import type { MediaType } from '../../../sdk/media-type.ts'

export type Language = 'json' | 'xml' | 'html' | 'javascript' | 'text'

const languages: [Language, RegExp][] = [
  ['json', /[/+]json$/],
  ['html', /^(?:text\/html|application\/xhtml\+xml)$/],
  ['xml', /[/+]xml$/],
  ['javascript', /[/-](?:java|ecma)script$/],
]

export const languageOf = ({ essence }: MediaType): Language => languages.find(([, pattern]) => pattern.test(essence))?.[0] ?? 'text'

/** Classes of media types, as `type:` names them. */
import { MediaTypes } from '../media-type.ts'

const essences: { readonly [name: string]: RegExp } = {
  json: /^(?:application\/(?:json|x-ndjson|ndjson|jsonl|json-seq)|text\/json|.*\+json)$/,
  html: /^(?:text\/html|application\/xhtml\+xml)$/,
  js: /^(?:text|application)\/(?:x-)?(?:javascript|ecmascript)$/,
  css: /^text\/css$/,
  image: /^image\//,
  font: /^(?:font\/|application\/(?:x-)?font-|application\/vnd\.ms-fontobject)/,
  audio: /^audio\//,
  video: /^video\//,
  xml: /^(?:application\/xml|text\/xml|.*\+xml)$/,
  form: /^(?:application\/x-www-form-urlencoded|multipart\/form-data)$/,
  pdf: /^application\/pdf$/,
}

/** `text`: meant to be read as text. `binary`: any other. */
export const mediaClasses: readonly string[] = [...Object.keys(essences), 'text', 'binary']

const types = new MediaTypes()

/** Lower case, without parameters; '' for an unreadable one. @param value of a Content-Type field */
export const essenceOf = (value: string): string => types.parse(value).essence

/** @param essence not empty */
export function isOfClass(essence: string, name: string): boolean {
  if (name === 'text' || name === 'binary') return types.parse(essence).text === (name === 'text')
  return essences[name]?.test(essence) ?? false
}

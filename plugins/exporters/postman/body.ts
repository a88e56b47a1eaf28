/** A request body in one of Postman's modes: as a form where Postman makes the same bytes of its fields, else as text, else as base64. */
import { isUtf8 } from 'node:buffer'
import { stringify } from 'node:querystring'
import type { MediaType } from '../../../sdk/media-type.ts'
import { type Language, languageOf } from './language.ts'
import { type FormParameter, formParameters } from './multipart.ts'
import type { Templates } from './templates.ts'

export type PostmanBody =
  | { mode: 'raw'; raw: string; options: { raw: { language: Language } } }
  | { mode: 'urlencoded'; urlencoded: { key: string; value: string }[] }
  | { mode: 'formdata'; formdata: FormParameter[] }
  /** Base64. */
  | { mode: 'file'; file: { content: string } }

/** @param contentType as sent, '' when there is none */
export function postmanBody(bytes: Buffer, contentType: string, type: MediaType, templates: Templates): PostmanBody {
  const formdata = type.essence === 'multipart/form-data' ? formParameters(bytes, contentType) : null
  if (formdata) return { mode: 'formdata', formdata }
  const raw = isUtf8(bytes) ? bytes.toString('utf8') : null
  if (raw === null) return fileBody(bytes)
  const urlencoded = type.essence === 'application/x-www-form-urlencoded' ? fields(raw) : null
  if (urlencoded) return { mode: 'urlencoded', urlencoded }
  return templates.keep(raw) ? { mode: 'raw', raw, options: { raw: { language: bodyLanguage(raw, type) } } } : fileBody(bytes)
}

export const fileBody = (bytes: Buffer): PostmanBody => ({ mode: 'file', file: { content: bytes.toString('base64') } })

/** Postman takes comments out of what it is told to be JSON; JSON has none, so where it is JSON nothing is taken. */
function bodyLanguage(raw: string, type: MediaType): Language {
  const language = languageOf(type)
  return language === 'json' && /\/[/*]/.test(raw) && !isJson(raw) ? 'text' : language
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** null: Postman would write them in other bytes, or take something in them for a variable. */
function fields(raw: string): { key: string; value: string }[] | null {
  const pairs = Array.from(new URLSearchParams(raw), ([key, value]) => ({ key, value }))
  if (pairs.some(({ key, value }) => `${key}${value}`.includes('{{') || key in Object.prototype)) return null
  const values = new Map<string, string[]>()
  for (const { key, value } of pairs) {
    const known = values.get(key)
    if (known) known.push(value)
    else values.set(key, [value])
  }
  const written = stringify(Object.fromEntries(values)).replace(/[!'()*]/g, percent)
  return written === raw ? pairs : null
}

const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`

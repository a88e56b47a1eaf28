/** `KEY=VALUE` for a plugin: what a text means is for the plugin's schema to say. An object may be `@FILE`, which holds it as JSON. */
import { readFileSync } from 'node:fs'
import { UsageError } from './exit.ts'

interface Property {
  type?: string | string[]
  anyOf?: { type?: string }[]
}

const booleans: { [text: string]: boolean } = { true: true, false: false }

/**
 * @param settings `key=value` each
 * @param schema JSON Schema of the plugin's config; an unknown key is the daemon's to refuse
 * @param option the command line's, for what it says of a value that is none
 */
export function pluginOptions(settings: readonly string[], schema: unknown, option: string): { [key: string]: unknown } {
  const properties = (schema as { properties?: { [key: string]: Property } } | null | undefined)?.properties ?? {}
  const options: [string, unknown][] = settings.map((setting) => {
    const split = setting.indexOf('=')
    const key = setting.slice(0, split)
    return [key, optionValue(`${option} ${key}`, setting.slice(split + 1), Object.hasOwn(properties, key) ? properties[key] : undefined)]
  })
  return Object.fromEntries(options)
}

function optionValue(named: string, text: string, { type, anyOf = [] }: Property = {}): unknown {
  if (type === 'string') return text
  if (type === 'boolean') {
    if (Object.hasOwn(booleans, text)) return booleans[text]
    throw new UsageError(`${named} is true or false, not ${JSON.stringify(text)}`)
  }
  if (type === 'number' || type === 'integer') {
    if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
    throw new UsageError(`${named} is a number, not ${JSON.stringify(text)}`)
  }
  if (type === 'array') return list(text)
  // One or several.
  if (anyOf.some((one) => one.type === 'array') && anyOf.some((one) => one.type === 'string')) return /^\[|,/.test(text) ? list(text) : text
  return type === 'object' && text.startsWith('@') ? jsonFile(named, text.slice(1)) : jsonOrText(text)
}

/** JSON, or texts with commas between them. */
function list(text: string): unknown {
  const value = text.startsWith('[') ? jsonOrText(text) : text.split(',')
  return value === text ? [text] : value
}

/** @param named the option that it is for */
export function jsonFile(named: string, path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UsageError(`${named} names a file of JSON, and ${JSON.stringify(path)} is none: ${(error as Error).message}`)
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

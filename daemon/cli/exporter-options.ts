/** `--set KEY=VALUE`: what a text means is for the exporter's schema to say. */
import { UsageError } from './exit.ts'

interface Property {
  type?: string | string[]
}

const booleans: { [text: string]: boolean } = { true: true, false: false }

/** @param settings `key=value` each @param schema JSON Schema of the exporter's options; an unknown key is the daemon's to refuse */
export function exporterOptions(settings: readonly string[], schema: unknown): { [key: string]: unknown } {
  const properties = (schema as { properties?: { [key: string]: Property } } | null | undefined)?.properties ?? {}
  const options: [string, unknown][] = settings.map((setting) => {
    const split = setting.indexOf('=')
    const key = setting.slice(0, split)
    return [key, optionValue(key, setting.slice(split + 1), Object.hasOwn(properties, key) ? properties[key]?.type : undefined)]
  })
  return Object.fromEntries(options)
}

function optionValue(key: string, text: string, type: string | string[] | undefined): unknown {
  if (type === 'string') return text
  if (type === 'boolean') {
    if (Object.hasOwn(booleans, text)) return booleans[text]
    throw new UsageError(`--set ${key} is true or false, not ${JSON.stringify(text)}`)
  }
  if (type === 'number' || type === 'integer') {
    if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
    throw new UsageError(`--set ${key} is a number, not ${JSON.stringify(text)}`)
  }
  return jsonOrText(text)
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

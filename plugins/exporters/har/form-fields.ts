/** Fields of queries and of forms, as HAR lists them. */

export interface Field {
  name: string
  value: string
}

/** Name and value of each query field, decoded as a form is. @param url as it is written: whoever reads it finds the same */
export function queryString(url: string): Field[] {
  const at = url.indexOf('?')
  if (at < 0) return []
  const end = url.indexOf('#', at)
  return formFields(url.slice(at + 1, end < 0 ? url.length : end))
}

/** application/x-www-form-urlencoded (WHATWG URL section 5.1). */
export function formFields(text: string): Field[] {
  if (/[+%\ud800-\udfff]/.test(text)) return Array.from(new URLSearchParams(text), ([name, value]) => ({ name, value }))
  const fields: Field[] = []
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    fields.push(at < 0 ? { name: pair, value: '' } : { name: pair.slice(0, at), value: pair.slice(at + 1) })
  }
  return fields
}

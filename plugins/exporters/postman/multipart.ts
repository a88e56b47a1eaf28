/** The parts of a multipart/form-data body as Postman's form parameters. */
import { isUtf8 } from 'node:buffer'
import { fieldValue } from '../../../sdk/field-value.ts'
import { MultipartReader, parseDisposition } from '../../../sdk/multipart.ts'

export type FormParameter =
  | { key: string; type: 'text'; value: string; contentType?: string }
  /** `value` is base64. */
  | { key: string; type: 'file'; src: null; fileName: string; value: string; contentType: string }

const lineBreak = Buffer.of(0x0d, 0x0a)

/** null: what Postman would send of them has other bytes. @param contentType as sent */
export function formParameters(bytes: Buffer, contentType: string): FormParameter[] | null {
  // From there Postman takes the boundary of what it writes.
  const [, quoted, plain] = /^multipart\/form-data;.*boundary=(?:"([^"]+)"|([^;]+))/.exec(contentType) ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) return null
  const parameters: FormParameter[] = []
  const pieces: Buffer[] = []
  const reader = new MultipartReader(boundary, {
    keptBytes: bytes.length,
    part: ({ headers, content }) => {
      const value = Buffer.from(content ?? [])
      const parameter = formParameter(
        parseDisposition(fieldValue(headers, 'content-disposition') ?? ''),
        fieldValue(headers, 'content-type'),
        value,
      )
      if (parameter === null) return
      parameters.push(parameter)
      pieces.push(Buffer.from(headOf(parameter, boundary), 'utf8'), value, lineBreak)
    },
  })
  reader.write(bytes)
  reader.end()
  const written = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`, 'latin1')])
  return parameters.length > 0 && written.equals(bytes) ? parameters : null
}

type Disposition = ReturnType<typeof parseDisposition>

/** null: Postman has no such parameter, or would take something in it for a variable. */
function formParameter({ name, filename }: Disposition, contentType: string | null, value: Buffer): FormParameter | null {
  if (name === null || `${name}${filename}${contentType}`.includes('{{')) return null
  if (filename === null) {
    const text = isUtf8(value) ? value.toString('utf8') : '{{'
    return text.includes('{{') ? null : { key: name, type: 'text', value: text, ...(contentType !== null && { contentType }) }
  }
  // Of others Postman keeps the last segment, or writes them twice.
  if (contentType === null || !/^[^/\u0100-\uffff]*$/.test(filename)) return null
  return { key: name, type: 'file', src: null, fileName: filename, value: value.toString('base64'), contentType }
}

/** What Postman writes before the value. */
function headOf(parameter: FormParameter, boundary: string): string {
  const filename = parameter.type === 'file' ? `; filename="${parameter.fileName}"` : ''
  const type = parameter.contentType === undefined ? '' : `Content-Type: ${parameter.contentType}\r\n`
  return `--${boundary}\r\nContent-Disposition: form-data; name="${parameter.key}"${filename}\r\n${type}\r\n`
}

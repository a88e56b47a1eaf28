/** `curl -F`: multipart/form-data (RFC 7578). Texts are a character for each byte. */

const forPart = /;\s*(type|filename|headers?|encoder)=("(?:[^"\\]|\\.)*"|[^;]*)/gs

export class CurlForm {
  /** A part comes from a file, which is not read. */
  isCut = false
  readonly #parts: string[] = []

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  /** `name=text`, `name=@file` and `name=<file`, with `;type=` and `;filename=`. */
  add(value: string): void {
    const [, name = '', text = ''] = /^([^=]*)=?(.*)$/s.exec(value) ?? []
    const content = text.replace(forPart, '')
    const settings = new Map(Array.from(text.matchAll(forPart), ([, key = '', setting = '']) => [key, unquoted(setting)] as const))
    const isFile = /^[@<]/.test(content)
    if (isFile) this.isCut = true
    const file = content.startsWith('@')
      ? (settings.get('filename') ?? unquoted(content.slice(1)).split('/').at(-1))
      : settings.get('filename')
    this.#part(
      name,
      file,
      settings.get('type') ?? (content.startsWith('@') ? 'application/octet-stream' : undefined),
      isFile ? '' : unquoted(content),
    )
  }

  addText(value: string): void {
    const [, name = '', text = ''] = /^([^=]*)=?(.*)$/s.exec(value) ?? []
    this.#part(name, undefined, undefined, text)
  }

  /** With a boundary that does not occur in it. */
  body(): { body: string; contentType: string } {
    let boundary = ''
    for (let number = 0; boundary === '' || this.#parts.some((part) => part.includes(boundary)); number++)
      boundary = `------------------------weir${number}`
    const body = `${this.#parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`
    return { body, contentType: `multipart/form-data; boundary=${boundary}` }
  }

  #part(name: string, file: string | undefined, type: string | undefined, content: string): void {
    const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
    const filename = file === undefined ? '' : `; filename="${escaped(file)}"`
    const typeLine = type === undefined ? '' : `\r\nContent-Type: ${type}`
    this.#parts.push(`Content-Disposition: form-data; name="${escaped(name)}"${filename}${typeLine}\r\n\r\n${content}`)
  }
}

const unquoted = (text: string): string => (/^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text)

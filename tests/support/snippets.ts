/** The pieces of code in the documentation. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface Snippet {
  /** `docs/sdk.md:17` */
  at: string
  document: string
  language: string
  text: string
}

const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** Of README.md and docs/*.md, in their order; of docs/protocol.md only what is no example of a method (those have a test of their own). */
export const snippets: readonly Snippet[] = documents.flatMap((document) => {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    at: `${document}:${text.slice(0, match.index).split('\n').length}`,
    document,
    language: match[1] ?? '',
    text: match[2] ?? '',
  }))
})

/** Command lines, without comments; a line that ends with a backslash goes on. */
export const commandsOf = ({ text }: Snippet): string[] =>
  text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$|^#.*$/, '').trim())
    .filter((line) => line !== '')

/** Terminal columns: the one home of string-width. Texts are printable already. */
import stringWidth from 'string-width'

export const textWidth = (text: string): number => stringWidth(text)

const ellipsis = '…'
const graphemes = new Intl.Segmenter()

/** The longest start of `text` that is at most `width` columns wide. */
function start(text: string, width: number): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text.slice(0, width)
  let taken = ''
  for (const { segment } of graphemes.segment(text)) {
    if (stringWidth(taken + segment) > width) break
    taken += segment
  }
  return taken
}

function end(text: string, width: number): string {
  if (/^[\x20-\x7e]*$/.test(text)) return width === 0 ? '' : text.slice(-width)
  let taken = ''
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    if (stringWidth(segment + taken) > width) break
    taken = segment + taken
  }
  return taken
}

export type Cut = 'end' | 'middle'

/** At most `width` columns; what is left out is one `…`, at the end or in the middle. */
export function truncate(text: string, width: number, cut: Cut = 'end'): string {
  if (textWidth(text) <= width) return text
  if (width < 1) return ''
  if (cut === 'end') return start(text, width - 1) + ellipsis
  const tail = Math.floor((width - 1) / 3)
  return start(text, width - 1 - tail) + ellipsis + end(text, tail)
}

export type Align = 'left' | 'right'

/** At least `width` columns. */
export function pad(text: string, width: number, align: Align = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'left' ? text + space : space + text
}

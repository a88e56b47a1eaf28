/** The data of server-sent events (HTML, section 9.2.6), which may be spread over lines; all else of them stays as it is written. */

const data = /^\ufeff?data:? ?/
const lineEnd = /(\r\n|\n|\r)/

/** @param replace gets the data of an event, lines joined by line feeds */
export function replaceInEvents(text: string, replace: (data: string) => string): string {
  // Lines, and between them what ends them.
  const pieces = text.split(lineEnd)
  let lines: number[] = []
  const end = () => {
    if (lines.length > 0) replaceLines(pieces, lines, replace)
    lines = []
  }
  for (let index = 0; index < pieces.length; index += 2) {
    const line = pieces[index] as string
    if (line === '') end()
    else if (data.test(line)) lines.push(index)
  }
  end()
  return pieces.join('')
}

function replaceLines(pieces: string[], lines: readonly number[], replace: (data: string) => string): void {
  const before = lines.map((index) => (pieces[index] as string).replace(data, ''))
  const whole = before.join('\n')
  const after = replace(whole)
  // A line may be a text of its own.
  const linesAfter = (after === whole ? before : after.split('\n')).map((line) => (lines.length > 1 ? replace(line) : line))
  for (const [place, index] of lines.entries()) {
    const line = pieces[index] as string
    const [name = ''] = data.exec(line) ?? []
    // A secret that was spread over lines takes one.
    const isLast = place === lines.length - 1
    const [shown = ''] = isLast ? [linesAfter.slice(place).join('\n')] : linesAfter.slice(place, place + 1)
    pieces[index] = name + shown
  }
}

/** cURL commands for POSIX shells. */
import type { Script } from '../replay/script.ts'
import { caption } from '../text/caption.ts'
import { type CurlCommand, curlCommand } from './command.ts'
import { plainText, printf, quoted, shellWord } from './shell-text.ts'

/** A word holds at most 128 KiB (Linux); from there on, and where it is no plain text, a body comes by standard input. */
const wordBytes = 64 * 1024

export const posixScript: Script = {
  head: '#!/bin/sh\n',
  request(exchange, body) {
    const command = curlCommand(exchange, body)
    // Pasted into a shell that knows no comments (zsh) the first line is a command that is not found.
    return command === null ? null : `\n# ${caption(exchange)}\n${written(command)}\n`
  },
  tail: '',
}

function written({ target, options, body }: CurlCommand): string {
  const words = [`curl ${target.map(optionWords).join(' ')}`, ...options.map(optionWords)]
  if (body === null) return words.join(' \\\n  ')
  const text = body.length <= wordBytes ? plainText(body) : null
  if (text !== null) return [...words, `--data-raw ${quoted(text)}`].join(' \\\n  ')
  return `${printf(body)} | ${[...words, '--data-binary @-'].join(' \\\n  ')}`
}

const optionWords = ([name, value]: CurlCommand['options'][number]): string =>
  [...(name === null ? [] : [name]), ...(value === undefined ? [] : [shellWord(value)])].join(' ')

import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJson } from '../json-output.ts'
import { printable } from '../printable.ts'
import { formatDate } from '../quantity.ts'
import { shellWord } from '../shell-word.ts'

export const ca: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const found = await client.call('ca/get', {})
    const { out, err } = context
    if (given.flag('json')) await writeJson(context, found)
    else if (given.flag('pem')) await out.write(found.certificate.endsWith('\n') ? found.certificate : `${found.certificate}\n`)
    else {
      await out.line(found.path)
      await err.line(
        [
          `${printable(found.subject)}, valid until ${formatDate(found.validTo).slice(0, 10)}, SHA-256 ${printable(found.fingerprint256)}`,
          'Trust it for one command, not in the whole system:',
          '  weir capture -- CMD ...                           sets everything that is needed',
          `  curl --proxy http://HOST:PORT --cacert ${shellWord(found.path)} https://...`,
          `  NODE_EXTRA_CA_CERTS=${shellWord(found.path)} node ...`,
        ].join('\n'),
      )
    }
    return exits.done
  })

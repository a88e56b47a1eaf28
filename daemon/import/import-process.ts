/** A process that imports one file. The daemon's end is its end, and the end of what it has written. */
import { toWire, WeirError } from '../../sdk/errors.ts'
import { FileImport } from './file-import.ts'
import type { FromImport, ImportJob } from './import-messages.ts'
import { removeImport } from './own-copy.ts'

const progressMs = 200
const send = (message: FromImport) => void process.send?.(message)

async function work(job: ImportJob): Promise<void> {
  const run = new FileImport(job)
  const timer = setInterval(() => send({ progress: run.progress }), progressMs)
  try {
    const done = await run.run()
    send({ progress: run.progress })
    send({ done })
  } catch (error) {
    send({ failure: toWire(error), ...(!(error instanceof WeirError) && { fault: String((error as Error)?.stack ?? error) }) })
  } finally {
    clearInterval(timer)
  }
}

let file: string | null = null
process.once('message', (job: ImportJob) => {
  file = job.file
  void work(job)
})
process.on('disconnect', () => {
  if (file !== null) removeImport(file)
  process.exit(0)
})
// The whole process group gets a terminal's signals; the daemon alone decides when this process ends.
process.on('SIGINT', () => undefined)

/** Makes a file as small as it can be, in a thread of its own: the caller's goes on turning meanwhile. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { unavailable } from '../../sdk/errors.ts'
import { entry } from '../thread/entry.ts'

/** Nobody else has it open. @throws 1005 notReadable when SQLite then finds something wrong with it */
export async function vacuum(path: string): Promise<void> {
  const thread = new Worker(entry(import.meta.url, './vacuum-thread'), { workerData: path })
  const [fault] = (await once(thread, 'message')) as [string | null]
  await thread.terminate()
  if (fault !== null) throw unavailable('notReadable', `the copy is not sound: ${fault}`)
}

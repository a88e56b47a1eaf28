/** ca/* */
import type { CaptureThreads } from '../../session/capture-threads.ts'
import type { Handlers } from '../call.ts'

export const caHandlers = (threads: CaptureThreads): Pick<Handlers, 'ca/get'> => ({
  'ca/get': () => threads.certificateAuthority(),
})

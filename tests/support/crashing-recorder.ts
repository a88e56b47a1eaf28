/** The recorder thread, and a way to die. */
import { dieOnRequest } from './die-on-request.ts'
import '../../daemon/capture/thread.ts'

dieOnRequest()

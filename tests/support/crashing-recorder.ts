/** The recorder thread, and a way to die and one to be held up. */
import { dieOnRequest } from './die-on-request.ts'
import { waitOnRequest } from './wait-on-request.ts'
import '../../daemon/capture/thread.ts'

dieOnRequest()
waitOnRequest()

/** The proxy thread, and a way to die. */
import { dieOnRequest } from './die-on-request.ts'
import '../../daemon/proxy/thread.ts'

dieOnRequest()

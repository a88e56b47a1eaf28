/** What is read of the debugger's events (the DevTools protocol, domains Network, Page and Inspector). */
import type { ToldEvent, ToldFrame } from './told-message.ts'

/** Seconds, on the browser's monotonic clock. */
export interface Told {
  requestId: string
  timestamp: number
}

/** One moment by both of the browser's clocks, seconds: the other is Unix time. */
export interface ToldTwice extends Told {
  wallTime: number
}

export interface FrameTold extends Told {
  response: ToldFrame
}

export interface HandshakeTold extends Told {
  response: { headers: { [name: string]: string } }
}

export interface RequestTold extends ToldTwice {
  type?: string
  request: { url: string }
}

export interface TabEvents {
  'Network.webSocketCreated': { requestId: string; url: string }
  'Network.webSocketWillSendHandshakeRequest': ToldTwice
  'Network.webSocketHandshakeResponseReceived': HandshakeTold
  'Network.webSocketFrameSent': FrameTold
  'Network.webSocketFrameReceived': FrameTold
  'Network.webSocketFrameError': Told & { errorMessage: string }
  'Network.webSocketClosed': Told
  'Network.requestWillBeSent': RequestTold
  'Network.eventSourceMessageReceived': Told & ToldEvent
  'Network.loadingFinished': Told
  'Network.loadingFailed': Told
  'Page.frameNavigated': { frame: { parentId?: string } }
  'Inspector.targetCrashed': object
}

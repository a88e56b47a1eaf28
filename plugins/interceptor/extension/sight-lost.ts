/** Why something ended that is not watched any more. Of the web alone, for the daemon's side takes it from here. */

export interface SightLost {
  reason: 'clientAborted' | 'notRecorded'
  message: string
}

export const failureWhen: { readonly [how in 'gone' | 'crashed' | 'takenAway' | 'stopped' | 'tooMany']: SightLost } = {
  gone: { reason: 'clientAborted', message: 'its page, frame or worker was closed' },
  crashed: { reason: 'clientAborted', message: 'its page crashed' },
  takenAway: { reason: 'notRecorded', message: 'the browser showed nothing more of its page: its debugger was detached' },
  stopped: { reason: 'notRecorded', message: 'the source ended before it did' },
  tooMany: { reason: 'notRecorded', message: 'more requests were open in the browser than a source follows' },
}

/** What `initialize` answers as `protocol`: another number means that what was there has changed its meaning. In a file of its own, which costs a client nothing. */
export const protocolVersion = 1

/** What `weir sync set` takes, for completion; `weir plugin list` knows one's own targets, too. */
export const builtInTargets = ['browser', 'cookies-txt', 'jar', 'newman', 'storage-state'] as const
export const syncDirections = ['out', 'in', 'both'] as const

/** What --store takes: the names of the kinds of stores that weir knows. */
export const trustStores = ['debian', 'fedora', 'arch', 'macos', 'windows', 'nss', 'java'] as const

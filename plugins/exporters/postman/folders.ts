/** The folders of a collection, and which of them a request lies in. */
import { pathTemplate } from '../../../sdk/path-template.ts'
import type { PostmanUrl } from './url.ts'

export type FolderKind = 'host' | 'path' | 'both' | 'none'

/** Beyond so many, requests lie in the one above. */
const foldersMaximum = 10_000
const nameCharacters = 200

export class Folder {
  readonly folders = new Map<string, Folder>()
  /** The pieces that were set aside for them. */
  readonly requests: number[] = []
}

export class FolderTree {
  readonly root = new Folder()
  #kind: FolderKind
  #count = 0

  constructor(kind: FolderKind) {
    this.#kind = kind
  }

  folderFor(url: PostmanUrl): Folder {
    const host = this.#kind === 'host' || this.#kind === 'both' ? this.#inside(this.root, authority(url)) : this.root
    return this.#kind === 'path' || this.#kind === 'both' ? this.#inside(host, endpointPath(url)) : host
  }

  #inside(folder: Folder, text: string): Folder {
    const name = text.slice(0, nameCharacters)
    const known = folder.folders.get(name)
    if (known) return known
    if (this.#count >= foldersMaximum) return folder
    this.#count++
    const made = new Folder()
    folder.folders.set(name, made)
    return made
  }
}

export const authority = ({ host, port }: PostmanUrl): string => host.join('.') + (port === undefined ? '' : `:${port}`)

/** With a parameter in the place of each segment that is data: `/users/{id}`. */
export const endpointPath = ({ path }: PostmanUrl): string => pathTemplate(`/${path.join('/')}`)

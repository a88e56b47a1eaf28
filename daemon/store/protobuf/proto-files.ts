/** The user's .proto files: which messages a gRPC method takes and gives. The one home of the protobuf library. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import protobuf, { type Service, type Type } from 'protobufjs'
import type { MessageType } from './decode.ts'

export interface ProtoMethod {
  request: MessageType
  response: MessageType
}

/** Of all files together. */
const mostBytes = 64 * 1024 * 1024

export class ProtoFiles {
  /** One line for each file that cannot be used, for people. */
  readonly problems: string[] = []
  readonly #methods = new Map<string, ProtoMethod>()
  /** Where imports are looked for, beside the folder of the file that imports. */
  readonly #folders: string[] = []

  /** Reads them all. Never throws. @param paths files and folders, absolute */
  constructor(paths: readonly string[]) {
    const files = this.#within(paths.flatMap((path) => this.#filesAt(path)))
    // Together, so that each knows the types of all; one that is broken or said twice must not cost the others.
    if (this.#load(files) !== null) for (const file of files) this.#add(file, this.#load([file]))
  }

  /** Of a request's path, which may begin with a prefix of a gateway's own: `/package.Service/Method`. */
  method(path: string): ProtoMethod | null {
    return this.#methods.get(path.split('/').slice(-2).join('/')) ?? null
  }

  #filesAt(path: string): string[] {
    try {
      if (statSync(path).isDirectory()) {
        this.#folders.push(path)
        return readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((found) => found.isFile() && found.name.endsWith('.proto'))
          .map((found) => join(found.parentPath, found.name))
          .sort()
      }
      if (statSync(path).isFile()) return [path]
      this.problems.push(`${path}: it is neither a file nor a folder`)
    } catch (error) {
      this.#add(path, error as Error)
    }
    return []
  }

  #within(files: string[]): string[] {
    let bytes = 0
    const kept = files.filter((file) => {
      bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0
      return bytes <= mostBytes
    })
    if (kept.length < files.length)
      this.problems.push(`${kept.length} of ${files.length} .proto files are read: more than 64 MiB are too many`)
    return kept
  }

  /** What is wrong with them, or null. */
  #load(files: readonly string[]): Error | null {
    const root = new protobuf.Root()
    const absent: string[] = []
    root.resolvePath = (origin, target) => {
      if (origin === '') return target
      const found = [...this.#folders, dirname(origin)].map((folder) => resolve(folder, target)).find((file) => existsSync(file))
      if (found === undefined) absent.push(target)
      return found ?? null
    }
    try {
      root.loadSync([...files])
      for (const service of servicesIn(root)) this.#addMethods(service)
      return null
    } catch (error) {
      const { message } = error as Error
      return absent.length === 0 ? (error as Error) : new Error(`${message} (imports that are not there: ${absent.join(', ')})`)
    }
  }

  #addMethods(service: Service): void {
    for (const { name, resolvedRequestType: request, resolvedResponseType: response } of service.methodsArray) {
      const path = `${service.fullName.slice(1)}/${name}`
      if (request !== null && response !== null && !this.#methods.has(path))
        this.#methods.set(path, { request: messageType(request), response: messageType(response) })
    }
  }

  #add(file: string, error: Error | null): void {
    if (error === null) return
    const { code } = error as NodeJS.ErrnoException
    const what = code === undefined ? error.message.replaceAll(`${file}, `, '') : `it cannot be read (${code})`
    this.problems.push(`${file}: ${what}`)
  }
}

function messageType(type: Type): MessageType {
  return {
    name: type.fullName.slice(1),
    decode(bytes) {
      const reader = protobuf.Reader.create(bytes)
      reader.discardUnknown = false
      const message = type.decode(reader)
      const value: unknown = type.toObject(message, { longs: String, enums: String, bytes: String, json: true })
      return { value, unknown: Buffer.concat(message.$unknowns ?? []) }
    },
  }
}

function* servicesIn(parent: protobuf.NamespaceBase): Generator<Service> {
  for (const found of parent.nestedArray) {
    if (found instanceof protobuf.Service) yield found
    if (found instanceof protobuf.Namespace) yield* servicesIn(found)
  }
}

/** As much of VS Code's API as examples/vscode asks of it, and what it was told: the editor's edge, without an editor. */

export class EventEmitter<T> {
  readonly #listeners = new Set<(value: T) => void>()
  readonly event = (listener: (value: T) => void): { dispose(): void } => {
    this.#listeners.add(listener)
    return { dispose: () => void this.#listeners.delete(listener) }
  }

  fire(value: T): void {
    for (const listener of this.#listeners) listener(value)
  }
}

export class TreeItem {
  readonly label: string
  id?: string
  description?: string
  contextValue?: string

  constructor(label: string) {
    this.label = label
  }
}

export class ThemeIcon {
  readonly id: string

  constructor(id: string) {
    this.id = id
  }
}

interface Uri {
  scheme: string
  path: string
  toString(): string
}

export const Uri = {
  from: ({ scheme, path }: { scheme: string; path: string }): Uri => ({ scheme, path, toString: () => `${scheme}:${path}` }),
}

interface TreeProvider {
  onDidChangeTreeData: (listener: () => void) => unknown
  getTreeItem(element: unknown): TreeItem
  getChildren(element?: unknown): unknown[]
}

interface ContentProvider {
  onDidChange: (listener: (uri: Uri) => void) => unknown
  provideTextDocumentContent(uri: Uri): Promise<string>
}

interface Document {
  uri: Uri
  language: string
  text: string
}

/** What a test gives the extension, and what it learns of it. */
export const editor = {
  settings: new Map<string, unknown>(),
  /** The answers to the next input boxes; undefined: Escape. */
  inputs: [] as (string | undefined)[],
  /** What each input box said of its answer before it was taken: null is nothing. */
  verdicts: [] as (string | null)[],
  commands: new Map<string, (subject?: unknown) => Promise<unknown>>(),
  views: new Map<string, TreeProvider>(),
  contexts: new Map<string, unknown>(),
  information: [] as string[],
  errors: [] as string[],
  /** What the status bar said. */
  statuses: [] as string[],
  documents: [] as Document[],
  clipboard: '',

  /** What a tree shows, line by line. */
  lines(view: string): string[] {
    const provider = this.views.get(view)
    if (!provider) throw new Error(`there is no view ${view}`)
    return provider.getChildren().map((element) => {
      const { label, description } = provider.getTreeItem(element)
      return `${label} | ${description}`
    })
  },

  /** The element that stands behind a line of a tree. */
  element(view: string, line: number): unknown {
    return this.views.get(view)?.getChildren()[line]
  },

  async run(command: string, subject?: unknown): Promise<void> {
    const registered = this.commands.get(command)
    if (!registered) throw new Error(`there is no command ${command}`)
    await registered(subject)
  },

  /** The document that was shown last. */
  get shown(): Document {
    const last = this.documents.at(-1)
    if (!last) throw new Error('no document was shown')
    return last
  },
}

interface InputBox {
  validateInput?(value: string): Promise<string | null>
}

export const window = {
  createTreeView(id: string, { treeDataProvider }: { treeDataProvider: TreeProvider }) {
    editor.views.set(id, treeDataProvider)
    return { description: '', dispose: () => void editor.views.delete(id) }
  },
  async showInputBox({ validateInput }: InputBox): Promise<string | undefined> {
    const answer = editor.inputs.shift()
    if (answer === undefined || !validateInput) return answer
    const verdict = await validateInput(answer)
    editor.verdicts.push(verdict)
    return verdict === null ? answer : undefined
  },
  async showInformationMessage(text: string, ...actions: string[]): Promise<string | undefined> {
    editor.information.push(text)
    return actions[0]
  },
  async showErrorMessage(text: string): Promise<void> {
    editor.errors.push(text)
  },
  setStatusBarMessage: (text: string): void => void editor.statuses.push(text),
  async showTextDocument(document: Document): Promise<void> {
    editor.documents.push(document)
  },
}

let provider: ContentProvider | null = null

export const workspace = {
  name: undefined,
  workspaceFolders: undefined,
  get textDocuments() {
    return editor.documents
  },
  getConfiguration: () => ({ get: (name: string, fallback: unknown) => editor.settings.get(name) ?? fallback }),
  registerTextDocumentContentProvider(_scheme: string, registered: ContentProvider) {
    provider = registered
    registered.onDidChange(async (uri) => {
      const text = await registered.provideTextDocumentContent(uri)
      for (const document of editor.documents) if (document.uri.toString() === uri.toString()) document.text = text
    })
    return { dispose: () => undefined }
  },
  async openTextDocument(asked: Uri | { language: string; content: string }): Promise<Document> {
    if ('content' in asked)
      return { uri: Uri.from({ scheme: 'untitled', path: 'Untitled-1' }), language: asked.language, text: asked.content }
    return { uri: asked, language: 'plaintext', text: (await provider?.provideTextDocumentContent(asked)) ?? '' }
  },
}

export const commands = {
  registerCommand(name: string, run: (subject?: unknown) => Promise<unknown>) {
    editor.commands.set(name, run)
    return { dispose: () => void editor.commands.delete(name) }
  },
  async executeCommand(name: string, key: string, value: unknown): Promise<void> {
    if (name === 'setContext') editor.contexts.set(key, value)
  },
}

export const env = {
  clipboard: {
    async writeText(text: string): Promise<void> {
      editor.clipboard = text
    },
  },
}

/** What a module is called where a plugin has no other name. */
import { basename } from 'node:path'

const inPackage = /[/\\]node_modules[/\\](@[^/\\]+[/\\][^/\\]+|[^/\\]+)(?!.*[/\\]node_modules[/\\])/

/** The package that it lies in (`weir-exporter-foo`, `@team/filters`), else its file name. */
export const moduleName = (path: string): string => inPackage.exec(path)?.[1]?.replace('\\', '/') ?? basename(path)

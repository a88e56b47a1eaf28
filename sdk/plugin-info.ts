/** What the daemon says of the plugins that it knows, and of modules that it cannot use. */
import { pluginKinds } from './plugin/manifest.ts'
import { open, type Static, Type, words } from './schema.ts'

const optional = Type.Optional
const text = Type.String()
const flag = Type.Boolean()
const canFollow = optional(Type.Boolean({ description: 'An exporter that can follow a live session.' }))
const writes = optional(words('folder'))
export const ExporterInfo = open({
  name: text,
  version: text,
  description: text,
  config: Type.Unknown(),
  follow: canFollow,
  out: writes,
})
export type ExporterInfo = Static<typeof ExporterInfo>

export const PluginInfo = open({
  kind: words(...pluginKinds),
  name: text,
  version: text,
  description: text,
  config: Type.Unknown({ description: 'JSON Schema of its config, or of its options.' }),
  builtIn: flag,
  follow: canFollow,
  out: writes,
  module: optional(Type.String({ description: "The file of one of the user's." })),
})
export type PluginInfo = Static<typeof PluginInfo>

/** A module that was named as a plugin and cannot be used. */
export const PluginFault = open({
  plugin: text,
  reason: text,
  message: text,
  module: Type.String({ description: 'Its file, or what `plugins` in config.toml calls it where there is none.' }),
})
export type PluginFault = Static<typeof PluginFault>

/** The SDK as a plugin of somebody else finds it: in the `node_modules` of its folder. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const sdk = join(import.meta.dirname, '../../sdk')

/** Its sources, which need no build; tests/repository/package.test.ts tries what is published. */
export async function installSdk(folder: string): Promise<void> {
  const home = join(folder, 'node_modules/@weir/weir')
  await mkdir(home, { recursive: true })
  const manifest = {
    name: '@weir/weir',
    version: '0.1.0',
    type: 'module',
    exports: {
      './client': './sdk/exports/client.ts',
      './plugin': './sdk/plugin.ts',
      './testing': './sdk/exports/testing.ts',
      './sdk/*': './sdk/*.ts',
    },
  }
  await writeFile(join(home, 'package.json'), JSON.stringify(manifest))
  await symlink(sdk, join(home, 'sdk'))
}

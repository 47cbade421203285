import type { Plugin } from 'esbuild'

const NAMESPACE = 'node-builtin'

/**
 * Takes Node's own modules by require(), whatever the sources say. An `import` of one of them makes Node read every property of it, for the names
 * that might be imported, and so run every getter that was to load something only when it is asked for: `import 'node:http'` loads the
 * client of fetch() with HTTP/2, compression and web streams, 14 MB of resident memory that nothing here uses.
 */
export const builtinsOnDemand: Plugin = {
  name: 'builtins-on-demand',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      // What is required here or in a package is left as it is.
      kind === 'import-statement' ? { path, namespace: NAMESPACE } : { path, external: true },
    )
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

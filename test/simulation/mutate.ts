import { registerHooks } from 'node:module'
import { MUTANTS } from './mutants.ts'

/**
 * Loaded before everything else (`node --import`): breaks one rule of the protocol while its file is loaded. The files themselves stay as
 * they are.
 */
const wanted = process.env.HERALD_MUTANT
const mutant = MUTANTS.find(({ name }) => name === wanted)
if (wanted !== undefined && !mutant) throw new Error(`no mutant is called "${wanted}"`)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!mutant || !url.endsWith(`/src/layer2/${mutant.file}.ts`)) return loaded
    const source = String(loaded.source)
    const parts = source.split(mutant.original)
    if (parts.length !== 2)
      throw new Error(`the rule of "${mutant.name}" stands ${parts.length - 1} times in ${mutant.file}.ts`)
    return { ...loaded, source: parts.join(mutant.mutated) }
  },
})

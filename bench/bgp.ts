/**
 * Prefixes announced by BGP, by Herald, BIRD, GoBGP and MetalLB: how soon a router knows them, in how many messages, and what that takes.
 *
 *   sh lab/toolchain.sh node bench/bgp.ts [--rounds 7] [--prefixes 1000,10000] [--services 1000] [PART...]
 */
import { parseArgs } from 'node:util'
import { routerKinds } from '../test/support/bgp/routers.ts'
import { changes } from './bgp/changes.ts'
import { fullTable } from './bgp/full-table.ts'
import { memory } from './bgp/memory.ts'
import { speakers } from './bgp/speakers.ts'

const PARTS = ['table', 'speakers', 'changes', 'memory']

const { values: flags, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    prefixes: { type: 'string', default: '1000,10000' },
    services: { type: 'string', default: '1000' },
  },
  allowPositionals: true,
})
const [rounds, services] = [Number(flags.rounds), Number(flags.services)]
const sizes = flags.prefixes.split(',').map(Number)
const prefixes = Math.max(...sizes)

// Says what is missing.
if (!routerKinds.every(kind => kind.usable())) process.exit(1)
for (const part of positionals.length > 0 ? positionals : PARTS) {
  if (part === 'table') {
    for (const size of sizes) await fullTable({ rounds, prefixes: size })
  } else if (part === 'speakers') await speakers({ rounds, services })
  else if (part === 'changes') await changes({ prefixes })
  else if (part === 'memory') await memory({ prefixes })
  else throw new Error(`no such part: ${part}; there are ${PARTS.join(', ')}`)
}

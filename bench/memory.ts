/**
 * Resident memory of controllers that are started where so many Services have their addresses already, and of the one that gave
 * them: Herald as its chart starts it, Herald with Node's own defaults, MetalLB. One API server for all.
 *
 *   sh lab/toolchain.sh node bench/memory.ts [--sizes 0,1000,5000,10000]
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startApiServer } from '../test/support/api-server.ts'
import { type Contender, definitions, herald, metallb, namespace } from './contenders.ts'
import { mb, residentMb, table, times } from './figures.ts'
import { ServiceLoad } from './service-load.ts'

/** Herald gives memory back in three steps, ten seconds apart; MetalLB writes all Services again after its start, 20 a second. */
const SETTLE_MS = 45_000
const WAIT_MS = 600_000

const { values: flags } = parseArgs({ options: { sizes: { type: 'string', default: '0,1000,5000,10000' } } })

const chart = await herald()
const plain = { ...(await herald({ nodeFlags: [] })), name: 'Herald, Node’s defaults' }
const other = await metallb()
const api = await startApiServer()
const rows: string[][] = []
let users: ServiceLoad | undefined
try {
  // MetalLB's definitions of its own kinds serve both.
  const kinds = [...other.manifests, ...definitions('charts/herald/templates/crds/herald*.yaml')]
  await create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, ...kinds])
  await api.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
  const spec = { addresses: ['2001:db8:b::/112'] }
  await create([
    { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'bench', namespace }, spec },
  ])
  users = await ServiceLoad.connect(api.kubeconfigFile)
  let made = 0
  for (const size of flags.sizes.split(',').map(Number)) {
    console.error(`bench: ${size} Services`)
    const gave = await settled(chart, () => users?.many(`many-${size}`, size - made, WAIT_MS))
    made = size
    const [ours, theirs, defaults] = [await settled(chart), await settled(other), await settled(plain)]
    rows.push([`${size} Services`, mb(gave), mb(ours), mb(defaults), mb(theirs), times(ours, theirs)])
  }
} finally {
  await users?.close()
  await api.stop()
}
const head = ['memory (RSS)', 'Herald, which gave the addresses', 'Herald, restarted', `${plain.name}, restarted`]
console.log(table([...head, `${other.name}, restarted`, 'Herald / MetalLB'], rows))

/** Starts a controller, lets something happen, and measures it when it has come to rest; it is ended then. */
async function settled(contender: Contender, work?: () => Promise<unknown> | undefined): Promise<number> {
  const child: ChildProcess = contender.start(api.kubeconfigFile)
  const ended = once(child, 'exit')
  await work?.()
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  const memory = residentMb(child.pid ?? 0)
  child.kill('SIGKILL')
  await ended
  return memory
}

async function create(items: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stderr } = await api.kubectl(['create', '-f', '-'], list)
  if (code !== 0) throw new Error(stderr)
}

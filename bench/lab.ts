/**
 * Herald as installed by its chart in the lab: memory of controller and speakers at 0 and 200 Services, time from the start of
 * a process to its readiness, size of the image.
 *
 *   sh lab/toolchain.sh node bench/lab.ts
 */
import { statSync } from 'node:fs'
import { heraldImage } from '../lab/herald-image.ts'
import { ensureLab, type HeraldComponent, waitFor } from '../test/support/lab/lab.ts'
import {
  type LoadBalancerService,
  loadBalancer,
  poolAndAdvertisement,
  webServer,
} from '../test/support/lab/manifests.ts'
import { mb, ms, residentMb, table } from './figures.ts'

const MANY = 200
const components: HeraldComponent[] = ['controller', 'speaker']

const lab = await ensureLab({ nodes: 3, name: process.env.HERALD_TEST_LAB })
await lab.apply(...webServer())
await lab.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s'])
await lab.apply(...poolAndAdvertisement('bench', ['198.51.100.0/24']))
for (const component of components) await lab.replaceHerald(component)
const startMs = { controller: await startTimes('controller'), speaker: await startTimes('speaker') }
await settle()
const atRest = memory()
await lab.apply(...Array.from({ length: MANY }, (_, i) => loadBalancer(`bench-${i}`)))
await waitFor(
  async () => {
    const services = await lab.list<LoadBalancerService>('services', { namespace: 'default', selector: 'made=by-test' })
    return services.every(({ status }) => status.loadBalancer?.ingress?.length === 1)
  },
  { what: `all ${MANY} Services to have addresses`, timeoutMs: 60_000, everyMs: 500 },
)
await settle()
const loaded = memory()
await lab.kubectl(['delete', 'services', '--selector=made=by-test', '--wait=false'])

const { file } = await heraldImage()
const rows = components.map(component => {
  return [component, ms(Math.max(...startMs[component])), mb(atRest[component]), mb(loaded[component])]
})
console.log(
  `\n${table(['', 'process start to ready', 'memory (RSS), no Service', `memory (RSS), ${MANY} Services`], rows)}`,
)
console.log(`\nOf the speakers the slowest and the largest. Image: ${mb(statSync(file).size / 1e6)} compressed.`)

/** The largest of each component's processes, in MB. */
function memory(): Record<HeraldComponent, number> {
  const largest = (component: HeraldComponent) => Math.max(...lab.heraldProcesses(component).map(residentMb))
  return { controller: largest('controller'), speaker: largest('speaker') }
}

/** How long each process took from its start until it was ready, as it logged it, in ms. */
async function startTimes(component: HeraldComponent): Promise<number[]> {
  const pods = new Set((await lab.heraldPods(component)).map(({ name }) => name))
  const logs = Object.entries(await lab.heraldLogs()).filter(([pod]) => pods.has(pod))
  const lines = logs.flatMap(([, text]) => text.split('\n').filter(Boolean)).map(line => JSON.parse(line))
  return lines.filter(({ msg }) => msg === 'ready').map(({ sinceStartMs }) => sinceStartMs)
}

function settle(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 5_000))
}

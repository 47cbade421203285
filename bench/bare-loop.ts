/**
 * The limit that a controller is measured against: watches Services and patches the next address into the status of each,
 * without pools, rules, conditions, events or a Lease. Same client, same reflector as Herald's.
 */
import { SystemClock } from '../src/io/clock.ts'
import { ApiClient } from '../src/kubernetes/client.ts'
import { loadCredentials } from '../src/kubernetes/credentials.ts'
import { silentLogger } from '../src/kubernetes/logger.ts'
import { Reflector } from '../src/kubernetes/reflector.ts'
import { services } from '../src/kubernetes/resources.ts'
import { Store } from '../src/kubernetes/store.ts'
import { viewService } from '../src/resources/service.ts'

const clock = new SystemClock()
const client = new ApiClient({
  credentials: await loadCredentials({ clock }, { kubeconfig: process.argv[2] }),
  clock,
  logger: silentLogger,
})
const store = new Store<ReturnType<typeof viewService>>()
/** As many writes at once as Herald makes: more only get in each other's way. */
const CONCURRENT_WRITES = 8
const waiting: { namespace: string; name: string }[] = []
let writing = 0
let next = 0
store.subscribe((_key, _before, service) => {
  if (service?.type !== 'LoadBalancer' || service.ingress.length > 0) return
  waiting.push(service)
  if (writing < CONCURRENT_WRITES) void write()
})
async function write(): Promise<void> {
  writing++
  for (let service = waiting.shift(); service; service = waiting.shift()) {
    const { namespace, name } = service
    const patch = {
      status: { loadBalancer: { ingress: [{ ip: `2001:db8:b::${(next++).toString(16)}`, ipMode: 'VIP' }] } },
    }
    await client.patch(services, { namespace, name, subresource: 'status' }, patch, { kind: 'merge' }).catch(() => {})
  }
  writing--
}
new Reflector(
  { client, store, clock, random: Math.random, logger: silentLogger },
  { resource: services, view: viewService },
).start()

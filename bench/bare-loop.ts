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
let next = 0
store.subscribe((_key, _before, service) => {
  if (service?.type !== 'LoadBalancer' || service.ingress.length > 0) return
  const ip = `2001:db8:b::${(next++).toString(16)}`
  const patch = { status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } } }
  const { namespace, name } = service
  client.patch(services, { namespace, name, subresource: 'status' }, patch, { kind: 'merge' }).catch(() => {})
})
new Reflector(
  { client, store, clock, random: Math.random, logger: silentLogger },
  { resource: services, view: viewService },
).start()

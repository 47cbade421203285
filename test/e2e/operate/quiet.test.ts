import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { heraldNamespace } from '../../../lab/herald.ts'
import type { StatusReport } from '../../../src/cli/status.ts'
import { type AuditedWrite, AuditLog } from '../../support/lab/audit.ts'
import { type BgpLab, bgpLab } from '../../support/lab/bgp-lab.ts'
import { conditionOf } from '../../support/lab/failover.ts'
import { onlyInFullRun } from '../../support/lab/full-run.ts'
import { heraldReport } from '../../support/lab/herald-cli.ts'
import { waitFor } from '../../support/lab/lab.ts'
import { advertisement } from '../../support/lab/layer2-lab.ts'
import { loadBalancer, pool } from '../../support/lab/manifests.ts'

const SERVICES = 12
const SOAK_MS = 600_000
/** A busy machine may hold speakers up for longer than they wait for each other. */
const MOST_ATTEMPTS = 3
/** So long nobody has written when the soak begins. */
const SETTLED_MS = 15_000
const HERALD = `system:serviceaccount:${heraldNamespace}:herald-`

const dualStack = { ipFamilyPolicy: 'RequireDualStack' }
const names = Array.from({ length: SERVICES }, (_, i) => `quiet-${i}`)

/** The reason that each Service's condition Announced ends with; those that never will be announced are silent too. */
const services: readonly [name: string, service: object, type: string, reason: string][] = [
  ...names.map((name, i): [string, object, string, string] => {
    const local = i % 3 === 0 ? { externalTrafficPolicy: 'Local' } : {}
    return [name, loadBalancer(name, { ...dualStack, ...local }), 'herald.io/Announced', 'Announced']
  }),
  ['deserted', loadBalancer('deserted', { selector: { app: 'nobody' } }), 'herald.io/Announced', 'NoEndpoints'],
  [
    'waiting',
    loadBalancer('waiting', {}, { 'metallb.io/loadBalancerIPs': '192.0.2.60' }),
    'herald.io/AddressAllocated',
    'AddressNotInPool',
  ],
]

describe('Herald in a cluster where nothing changes', function () {
  this.timeout(MOST_ATTEMPTS * (SOAK_MS + 150_000))
  this.retries(0)
  let bgp: BgpLab
  let audit: AuditLog

  before(async function () {
    onlyInFullRun(this, 'minutes in which nothing else may run')
    this.timeout(3_600_000)
    bgp = await bgpLab()
    const { lab } = bgp
    await lab.apply(
      pool('main', ['192.0.2.100-192.0.2.149', '2001:db8:a::100-2001:db8:a::1ff']),
      advertisement(),
      ...services.map(([, service]) => service),
    )
    for (const [name, , type, wanted] of services) {
      let reason: string | undefined
      await waitFor(
        async () => {
          reason = (await conditionOf(lab, name, type))?.reason
          return reason === wanted
        },
        { what: `${name} to be ${wanted}`, timeoutMs: 60_000, everyMs: 300 },
      ).catch(error => {
        throw new Error(`${(error as Error).message}; it is ${reason ?? 'nothing'}`)
      })
    }
    audit = await AuditLog.start(lab)
  })
  after(async () => {
    await audit?.stop()
    await bgp?.lab.kubectl(['delete', 'services', '--selector=made=by-test'])
  })

  /** Whether there is a key is asked by creating one, every five minutes, because the controller may not read Secrets: the refusal changes nothing. */
  const isQuestion = ({ verb, resource, name, code }: AuditedWrite) =>
    verb === 'create' && resource === 'secrets' && name === 'herald-liveness' && code === 409

  /** What Herald's processes wrote, but for the Leases that say that they live. */
  const writesSince = async (fromMs: number): Promise<{ leases: AuditedWrite[]; others: string[] }> => {
    const writes = (await audit.writesSince(fromMs)).filter(({ user }) => user.startsWith(HERALD))
    const others = writes.filter(write => write.resource !== 'leases' && !isQuestion(write))
    return {
      leases: writes.filter(({ resource }) => resource === 'leases'),
      others: others.map(
        ({ atMs, user, verb, resource, name }) =>
          `${new Date(atMs).toISOString()} ${user.slice(HERALD.length)} ${verb} ${resource} ${name ?? ''}`,
      ),
    }
  }

  /** Whether speakers have lost sight of each other since then, as where the machine does not let them run in time: that is told of. */
  const wasDisturbed = async (fromMs: number): Promise<boolean> => {
    const { nodes } = await heraldReport<StatusReport>(bgp.lab, 'status')
    return nodes.some(({ liveness }) => liveness.some(({ since = '' }) => Date.parse(since) >= fromMs))
  }

  it(`writes nothing in ${SOAK_MS / 1000} s but its Leases`, async () => {
    for (let attempt = 1; ; attempt++) {
      // All of Herald has just lost its API server for a few seconds, and may have something to say of it.
      await sleep(SETTLED_MS)
      await waitFor(async () => (await writesSince(Date.now() - SETTLED_MS)).others.length === 0, {
        what: `Herald to have written nothing for ${SETTLED_MS / 1000} s`,
        timeoutMs: 120_000,
        everyMs: 1_000,
      })
      const fromMs = Date.now()
      await sleep(SOAK_MS)
      const { leases, others } = await writesSince(fromMs)
      if (others.length > 0 && attempt < MOST_ATTEMPTS && (await wasDisturbed(fromMs))) {
        console.log(`      begun anew: speakers lost sight of each other, and ${others.length} writes told of it`)
        continue
      }
      assert.deepEqual(others, [])
      // That these are there shows that the log holds what Herald writes.
      const renewed = Map.groupBy(leases, ({ name }) => name ?? '')
      const holders = ['herald-controller', ...bgp.nodes.map(node => `herald-speaker-${node}`)]
      assert.deepEqual([...renewed.keys()].sort(), holders.sort())
      for (const [name, each] of renewed) assert.ok(each.length >= SOAK_MS / 20_000, `${name}: ${each.length}`)
      console.log(
        `      ${leases.length} writes of ${renewed.size} Leases, and no other, by ${services.length} Services`,
      )
      return
    }
  })
})

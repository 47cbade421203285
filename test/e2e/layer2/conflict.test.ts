import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Claim } from '../../support/lab/claims.ts'
import { conditionOf } from '../../support/lab/failover.ts'
import { ForeignHost } from '../../support/lab/foreign-host.ts'
import { type TestLab, waitFor } from '../../support/lab/lab.ts'
import { layer2Lab } from '../../support/lab/layer2-lab.ts'
import { loadBalancer } from '../../support/lab/manifests.ts'
import { WatchedSegment } from '../../support/lab/segment.ts'

const ANNOUNCED = 'herald.io/Announced'
const families = ['IPv4', 'IPv6'] as const
type Family = (typeof families)[number]

interface SpeakerStatus {
  status?: { conflicts?: { address: string; interface: string; mac: string }[] }
}

describe('layer 2: a foreign host and an address of a Service', function () {
  this.timeout(120_000)
  let lab: TestLab
  let foreign: ForeignHost
  let segment: WatchedSegment | undefined

  before(async function () {
    this.timeout(3_600_000)
    lab = (await layer2Lab()).lab
  })

  beforeEach(async () => {
    foreign = await ForeignHost.plugIn(lab.lab)
  })

  afterEach(async () => {
    await segment?.stop()
    segment = undefined
    foreign.remove()
    const names = families.flatMap(family => [nameOf('held', family), nameOf('contested', family)])
    await lab.kubectl(['delete', 'service', ...names, '--ignore-not-found'])
  })

  const nameOf = (what: string, family: Family) => `${what}-${family.toLowerCase()}`
  const serviceAt = (name: string, family: Family, address: string) =>
    loadBalancer(
      name,
      { ipFamilies: [family], ipFamilyPolicy: 'SingleStack' },
      { 'metallb.io/loadBalancerIPs': address },
    )
  /** Both families at once, so that nobody waits twice. */
  const forBoth = async (
    addresses: Record<Family, string>,
    work: (family: Family, address: string) => Promise<void>,
  ) => {
    await Promise.all(families.map(family => work(family, addresses[family])))
  }

  it('which it holds: not announced, and the condition names its MAC; when it goes, announced', async () => {
    const addresses = { IPv4: '192.0.2.60', IPv6: '2001:db8:a::500' }
    const watched = await WatchedSegment.watch(lab, Object.values(addresses))
    segment = watched
    for (const address of Object.values(addresses)) foreign.own(address)
    await sleep(100)
    const createdMs = Date.now()
    await forBoth(addresses, async (family, address) => {
      const name = nameOf('held', family)
      await lab.apply(serviceAt(name, family, address))
      await lab.addressOf(name)
      const condition = await waitFor(
        async () => {
          const found = await conditionOf(lab, name, ANNOUNCED)
          if (found?.reason !== 'AddressConflict') throw new Error(`the condition is ${JSON.stringify(found)}`)
          return found
        },
        { what: `the condition of ${name} to tell of the conflict`, timeoutMs: 10_000 },
      )
      assert.equal(condition.status, 'False')
      assert.ok(condition.message.includes(foreign.self.mac), condition.message)
    })
    await sleep(3_000)
    for (const address of Object.values(addresses)) {
      const claimants = new Set(watched.sniffer.claims(address).map(({ mac }) => mac))
      assert.deepEqual([...claimants], [foreign.self.mac], watched.sniffer.story(address, createdMs, Date.now()))
    }

    for (const address of Object.values(addresses)) foreign.disown(address)
    const goneMs = Date.now()
    await forBoth(addresses, async (family, address) => {
      const name = nameOf('held', family)
      const announced = await waitFor(() => watched.sniffer.firstAnnouncementAfter(address, goneMs), {
        what: `${address} to be announced`,
        timeoutMs: 15_000,
        everyMs: 20,
      })
      console.log(`      ${family}: announced ${(announced.timeMs - goneMs).toFixed(0)} ms after the host had gone`)
      assert.ok(watched.nodeOf(announced.mac), 'by a node')
      await waitFor(async () => (await conditionOf(lab, name, ANNOUNCED))?.status === 'True', {
        what: `the condition of ${name} to be True again`,
        timeoutMs: 10_000,
      })
    })
  })

  it('in use which it starts to claim: the owner defends it once, reports it, and goes on', async () => {
    const addresses = { IPv4: '192.0.2.61', IPv6: '2001:db8:a::501' }
    const watched = await WatchedSegment.watch(lab, Object.values(addresses))
    segment = watched
    await forBoth(addresses, async (family, address) => {
      const name = nameOf('contested', family)
      await lab.apply(serviceAt(name, family, address))
      const node = await waitFor(() => watched.owners().get(address), {
        what: `${address} to be owned`,
        timeoutMs: 10_000,
      })
      // Past the repetitions of the first seconds, before the next after 10 s: what is announced now is a defence.
      await sleep(4_000)
      const claimedMs = Date.now()
      await foreign.claim(address, { times: 5, everyMs: 500 })
      await sleep(500)

      const story = watched.sniffer.story(address, claimedMs, Date.now())
      const claims = watched.sniffer.claims(address).filter(({ timeMs }) => timeMs >= claimedMs)
      const [defence, ...more] = announcements(claims, watched.macOf(node))
      assert.ok(defence !== undefined, `a defence\n${story}`)
      assert.equal(more.length, 0, `one defence\n${story}`)
      assert.ok(defence.timeMs - claimedMs < 200, `at once\n${story}`)
      assert.equal(watched.owners().get(address), node, `it goes on answering\n${story}`)
      await waitFor(
        async () => {
          const found = await lab.get<SpeakerStatus>('speakerstatuses.herald.io', node, 'herald-system')
          return found?.status?.conflicts?.some(each => each.address === address && each.mac === foreign.self.mac)
        },
        { what: `${node} to report the conflict about ${address} with the MAC`, timeoutMs: 10_000 },
      )
      await waitFor(
        async () => {
          const found = await conditionOf(lab, name, ANNOUNCED)
          return found?.reason === 'AddressContested' && found.message.includes(foreign.self.mac)
        },
        { what: `the condition of ${name} to tell of it`, timeoutMs: 5_000 },
      )
    })
  })
})

/** A request and a reply are one announcement in two frames. */
function announcements(claims: readonly Claim[], mac: string): Claim[] {
  const found: Claim[] = []
  for (const claim of claims) {
    if (claim.kind !== 'announce' || claim.mac !== mac) continue
    const last = found.at(-1)
    if (last === undefined || claim.timeMs - last.timeMs > 50) found.push(claim)
  }
  return found
}

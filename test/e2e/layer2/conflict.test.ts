import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { conditionOf } from '../../support/lab/failover.ts'
import { ForeignHost } from '../../support/lab/foreign-host.ts'
import { type TestLab, waitFor } from '../../support/lab/lab.ts'
import { layer2Lab } from '../../support/lab/layer2-lab.ts'
import { loadBalancer } from '../../support/lab/manifests.ts'
import { WatchedSegment } from '../../support/lab/segment.ts'

const ANNOUNCED = 'herald.io/Announced'

interface SpeakerStatus {
  status?: { conflicts?: { address: string; interface: string; mac: string }[] }
}

const families = [
  { family: 'IPv4', held: '192.0.2.60', contested: '192.0.2.61' },
  { family: 'IPv6', held: '2001:db8:a::500', contested: '2001:db8:a::501' },
]

for (const { family, held, contested } of families) {
  describe(`layer 2: a foreign host and an ${family} address`, function () {
    this.timeout(120_000)
    let lab: TestLab
    let foreign: ForeignHost
    let segment: WatchedSegment

    before(async function () {
      this.timeout(3_600_000)
      lab = (await layer2Lab()).lab
    })

    beforeEach(async () => {
      foreign = await ForeignHost.plugIn(lab.lab)
      segment = await WatchedSegment.watch(lab, [held, contested])
    })

    afterEach(async () => {
      await segment.stop()
      foreign.remove()
      await lab.kubectl(['delete', 'service', 'held', 'contested', '--ignore-not-found'])
    })

    const serviceAt = (name: string, address: string) =>
      loadBalancer(
        name,
        { ipFamilies: [family], ipFamilyPolicy: 'SingleStack' },
        { 'metallb.io/loadBalancerIPs': address },
      )

    it('that it holds is not announced, and the condition names its MAC; when it goes, it is', async () => {
      foreign.own(held)
      await sleep(100)
      const createdMs = Date.now()
      await lab.apply(serviceAt('held', held))
      await lab.addressOf('held')
      const condition = await waitFor(
        async () => {
          const found = await conditionOf(lab, 'held', ANNOUNCED)
          if (found?.reason !== 'AddressConflict') throw new Error(`the condition is ${JSON.stringify(found)}`)
          return found
        },
        { what: 'the condition to tell of the conflict', timeoutMs: 10_000 },
      )
      assert.equal(condition.status, 'False')
      assert.ok(condition.message.includes(foreign.self.mac), condition.message)
      await sleep(3_000)
      const claimants = new Set(segment.sniffer.claims(held).map(({ mac }) => mac))
      assert.deepEqual([...claimants], [foreign.self.mac], segment.sniffer.story(held, createdMs, Date.now()))

      foreign.disown(held)
      const goneMs = Date.now()
      const announced = await waitFor(() => segment.sniffer.firstAnnouncementAfter(held, goneMs), {
        what: 'the address to be announced',
        timeoutMs: 15_000,
        everyMs: 20,
      })
      console.log(`      announced ${(announced.timeMs - goneMs).toFixed(0)} ms after the host had gone`)
      assert.ok(segment.nodeOf(announced.mac), 'by a node')
      await waitFor(async () => (await conditionOf(lab, 'held', ANNOUNCED))?.status === 'True', {
        what: 'the condition to be True again',
        timeoutMs: 10_000,
      })
    })

    it('in use that it starts to claim: the owner defends it once, reports it, and goes on', async () => {
      await lab.apply(serviceAt('contested', contested))
      await lab.addressOf('contested')
      const watched = await waitFor(() => segment.owners().get(contested), {
        what: 'the address to be owned',
        timeoutMs: 10_000,
      })
      const owner = segment.macOf(watched)
      // Past the repetitions of the first seconds, before the next after 10 s: what is announced now is a defence.
      await sleep(4_000)
      const claimedMs = Date.now()
      await foreign.claim(contested, { times: 5, everyMs: 500 })
      await sleep(500)

      const story = segment.sniffer.story(contested, claimedMs, Date.now())
      const all = segment.sniffer.claims(contested).filter(({ timeMs }) => timeMs >= claimedMs)
      // A request and a reply are one announcement in two frames.
      const defences = all.filter(
        ({ mac, kind, timeMs }, i) =>
          kind === 'announce' &&
          mac === owner &&
          !all
            .slice(0, i)
            .some(before => before.mac === owner && before.kind === 'announce' && timeMs - before.timeMs < 50),
      )
      assert.equal(defences.length, 1, `one defence\n${story}`)
      assert.ok(defences[0]!.timeMs - claimedMs < 200, `at once\n${story}`)
      assert.equal(segment.owners().get(contested), watched, `it goes on answering\n${story}`)
      await waitFor(
        async () => {
          const status = await lab.get<SpeakerStatus>('speakerstatuses.herald.io', watched, 'herald-system')
          return status?.status?.conflicts?.some(
            ({ address, mac }) => address === contested && mac === foreign.self.mac,
          )
        },
        { what: 'the speaker to report the conflict with its MAC', timeoutMs: 10_000 },
      )
    })
  })
}

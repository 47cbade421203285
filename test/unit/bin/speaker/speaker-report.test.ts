import assert from 'node:assert/strict'
import { EMPTY_REPORT } from '../../../../src/bin/speaker/link/link-messages.ts'
import { type SpeakerObservation, SpeakerReports } from '../../../../src/bin/speaker/speaker-report.ts'

const begin = Date.UTC(2026, 0, 1, 12, 0, 0, 400)
const announced = (sinceMs: number, address = '192.0.2.1') => ({ address, interfaces: ['eth0'], sinceMs })
const report = (parts: Partial<SpeakerObservation>): SpeakerObservation => ({ ...EMPTY_REPORT, ...parts })
/** What is said after one more report. */
const after = (reports: SpeakerReports, parts: Partial<SpeakerObservation>) => {
  reports.apply(report(parts))
  return reports.current
}

describe('what a SpeakerStatus says', () => {
  it('is sorted, has each key once, and times in whole seconds', () => {
    const eth = (name: string) => ({ name, mac: 'm', addresses: [] })
    const conflict = { address: '192.0.2.7', interface: 'eth0', mac: 'n', sinceMs: begin + 1_000 }
    const described = after(new SpeakerReports(), {
      interfaces: [eth('eth1'), eth('eth0')],
      announced: [{ ...announced(begin, '192.0.2.9'), interfaces: ['eth1', 'eth0'] }, announced(begin)],
      conflicts: [conflict, { ...conflict, mac: 'other' }],
      sessions: [
        { node: 'c', state: 'Down', sinceMs: begin },
        { node: 'b', state: 'Up', sinceMs: begin },
      ],
    })
    const since = '2026-01-01T12:00:00Z'
    assert.deepEqual(described, {
      interfaces: [eth('eth0'), eth('eth1')],
      announcements: [
        { address: '192.0.2.1', interfaces: ['eth0'], since },
        { address: '192.0.2.9', interfaces: ['eth0', 'eth1'], since },
      ],
      conflicts: [{ address: '192.0.2.7', interface: 'eth0', mac: 'n', since: '2026-01-01T12:00:01Z' }],
      sessions: [
        { node: 'b', state: 'Up', since },
        { node: 'c', state: 'Down', since },
      ],
    })
  })

  it('keeps a time that is only read a little differently, however often', () => {
    const reports = new SpeakerReports()
    const first = after(reports, { announced: [announced(begin)] })
    for (let drift = -1_900; drift < 1_900; drift += 100) {
      assert.deepEqual(after(reports, { announced: [announced(begin + drift)] }), first)
    }
    const { announcements } = after(reports, { announced: [announced(begin + 2_000)] })
    assert.equal(announcements[0]?.since, '2026-01-01T12:00:02Z')
  })

  it('begins anew when the address was given up in between, or the state of a session turned', () => {
    const reports = new SpeakerReports()
    after(reports, { announced: [announced(begin)], sessions: [{ node: 'b', state: 'Up', sinceMs: begin }] })
    const down = after(reports, {
      withdrawn: ['192.0.2.1'],
      sessions: [{ node: 'b', state: 'Down', sinceMs: begin + 1_000 }],
    })
    assert.deepEqual(down.announcements, [])
    assert.equal(down.sessions[0]?.since, '2026-01-01T12:00:01Z')
    const again = after(reports, { announced: [announced(begin + 1_000)] })
    assert.equal(again.announcements[0]?.since, '2026-01-01T12:00:01Z')
  })

  it('keeps what a report does not speak of', () => {
    const reports = new SpeakerReports()
    assert.equal(reports.any, false)
    after(reports, { announced: [announced(begin), announced(begin, '192.0.2.2')] })
    assert.equal(reports.any, true)
    const moved = { ...announced(begin, '192.0.2.2'), interfaces: ['eth1'] }
    const { announcements } = after(reports, {
      announced: [moved, announced(begin, '192.0.2.3')],
      withdrawn: ['192.0.2.9'],
    })
    assert.deepEqual(
      announcements.map(({ address, interfaces }) => [address, ...interfaces]),
      [
        ['192.0.2.1', 'eth0'],
        ['192.0.2.2', 'eth1'],
        ['192.0.2.3', 'eth0'],
      ],
    )
  })
})

import assert from 'node:assert/strict'
import { calculate, leaseWritesPerSecond, slopesOf } from '../../../bench/scale/calculation.ts'

const sizes = [
  { services: 1_000, speakers: 50 },
  { services: 1_000, speakers: 200 },
  { services: 10_000, speakers: 200 },
]
const measured = (of: (services: number, speakers: number) => number) =>
  sizes.map(size => ({ ...size, value: of(size.services, size.speakers) }))

describe('the calculation for a larger cluster', () => {
  it('goes on along the lines that were measured', () => {
    const points = measured((services, speakers) => 40 + services / 100 + speakers / 10)
    const { perService, perSpeaker } = slopesOf(points)
    assert.ok(Math.abs(perService! - 0.01) < 1e-9 && Math.abs(perSpeaker! - 0.1) < 1e-9)
    assert.equal(Math.round(calculate(points, { services: 50_000, speakers: 1_000 })), 40 + 500 + 100)
  })

  it('stays where nothing grows, and where what was measured falls', () => {
    const to = { services: 50_000, speakers: 1_000 }
    assert.equal(
      calculate(
        measured(() => 7),
        to,
      ),
      7,
    )
    assert.equal(
      calculate(
        measured(services => 100 - services / 1_000),
        to,
      ),
      90,
    )
  })

  it('is none where it was not measured how the figure grows', () => {
    const points = measured(services => services).slice(1)
    assert.equal(slopesOf(points).perSpeaker, undefined)
    assert.ok(Number.isNaN(calculate(points, { services: 50_000, speakers: 1_000 })))
  })

  it('counts the writes of Leases: one in nine seconds on average', () => {
    assert.equal(leaseWritesPerSecond(1_000).toFixed(1), '111.1')
  })
})

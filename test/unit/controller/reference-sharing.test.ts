import assert from 'node:assert/strict'
import type { SimulatedService } from '../../support/simulated-cluster.ts'
import { asking, edit, four, type Pools, rest, sharing } from './reference-cluster.ts'

describe("the reference's rule of sharing", () => {
  const local = (app: string) => ({ externalTrafficPolicy: 'Local', selector: { app } })
  const one = { p: [['192.0.2.10/32']] } satisfies Pools
  const second = async (service: SimulatedService, first: SimulatedService = sharing('k', 80)) =>
    (await rest(one, { first, second: service })).addresses('second').length === 1

  it('§3.4 shared where both keys are equal and not empty, the backends agree and no port clashes', async () => {
    assert.equal(await second(sharing('k', 443)), true)
    assert.equal(await second(sharing('l', 443)), false)
    assert.equal(await second(sharing('', 443), sharing('', 80)), false)
    assert.equal(await second(sharing('k', 80)), false)
    assert.equal(await second(sharing('k', 0, { ports: [{ port: 80, protocol: 'UDP' }] })), true)
    assert.equal(await second(sharing('k', 443, local('a')), sharing('k', 80, local('a'))), true)
    assert.equal(await second(sharing('k', 443, local('b')), sharing('k', 80, local('a'))), false)
  })

  it('§3.4 Cluster and Local never share, but for a Local one without selector', async () => {
    assert.equal(await second(sharing('k', 443, local('a'))), false)
    assert.equal(await second(sharing('k', 443, { externalTrafficPolicy: 'Local' })), true)
  })

  it('§3.4 a sole user changes its key in place; one of several is moved, or left pending', async () => {
    const here = await rest(
      { p: [['192.0.2.10/31']] },
      { first: sharing('k', 80), second: asking('192.0.2.10', sharing('k', 443)) },
    )
    const changed = sharing('l', 443)
    assert.deepEqual(await edit(here, 'second', changed), ['192.0.2.11'])
    assert.ok(here.takeEvents('second').some(({ reason }) => reason === 'ClearAssignment'))
    assert.deepEqual(await edit(here, 'first', sharing('m', 80)), ['192.0.2.10'])
    const full = await rest(one, { first: sharing('k', 80), second: sharing('k', 443) })
    assert.deepEqual(await edit(full, 'second', changed), [])
    assert.deepEqual(full.addresses('first'), ['192.0.2.10'])
  })

  it('§3.4 a lower free address goes before a higher one that could be shared; asking for it guarantees it', async () => {
    const here = await rest(
      { p: [[four]] },
      {
        first: asking('192.0.2.12', sharing('k', 80)),
        free: sharing('k', 443),
        asks: asking('192.0.2.12', sharing('k', 81)),
      },
    )
    assert.deepEqual([here.addresses('free'), here.addresses('asks')], [['192.0.2.10'], ['192.0.2.12']])
  })

  it('§3.4 a change of key lets those that wait join', async () => {
    const here = await rest(one, { first: sharing('x', 80), second: sharing('k', 443) })
    assert.deepEqual(here.addresses('second'), [])
    await edit(here, 'first', sharing('k', 80))
    assert.deepEqual(here.addresses('second'), ['192.0.2.10'])
  })

  it('§3.4 a new Service with Local asks nobody again (deviation: MetalLB reprocesses all)', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    const before = here.reconciles
    await edit(here, 'local', { spec: { externalTrafficPolicy: 'Local', selector: { app: 'a' } } })
    assert.ok(here.reconciles - before <= 2, 'the new one, and what its own write brings back')
  })

  it('§3.4 changed ports are checked again; node ports do not matter', async () => {
    const here = await rest(one, { first: sharing('k', 80), second: sharing('k', 443) })
    assert.deepEqual(await edit(here, 'second', sharing('k', 80)), [])
    const ports = [{ port: 443, nodePort: 30_080 }]
    assert.deepEqual(await edit(here, 'second', sharing('k', 443, { ports })), ['192.0.2.10'])
  })

  it('§3.4 the key is forgotten with the last Service; deviation: not with its last port', async () => {
    const here = await rest(one, { first: sharing('k', 80) })
    await edit(here, 'first', sharing('k', 80, { ports: [] }))
    assert.deepEqual(await edit(here, 'other', sharing('l', 443)), [])
    here.deleteService('first')
    await here.settle()
    assert.deepEqual(here.addresses('other'), ['192.0.2.10'])
  })
})

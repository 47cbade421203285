import assert from 'node:assert/strict'
import type { RefusedObject } from '../../../src/config/refused-object.ts'
import {
  type Component,
  type ConfigurationStatus,
  componentOf,
  errorSummary,
  labelsOfState,
  nameOfState,
  nextConfigurationStatus,
} from '../../../src/controller/configuration-state.ts'

const refused = (kind: string, name: string): RefusedObject => ({
  kind,
  name,
  problem: { field: 'spec.x', message: 'is wrong' },
})
const controller: Component = { type: 'controller' }
const speaker: Component = { type: 'speaker', node: 'a' }
const at = (second: number) => `2026-01-01T00:00:0${second}Z`

describe('the state of the configuration', () => {
  it('has the names and labels that tools look for', () => {
    assert.equal(nameOfState(controller), 'controller')
    assert.equal(nameOfState(speaker), 'speaker-a')
    assert.deepEqual(labelsOfState(controller), { 'metallb.io/component-type': 'controller' })
    assert.deepEqual(labelsOfState(speaker), {
      'metallb.io/component-type': 'speaker',
      'metallb.io/node-name': 'a',
    })
    for (const component of [controller, speaker]) assert.deepEqual(componentOf(nameOfState(component)), component)
    assert.equal(componentOf('something-else'), undefined)
  })

  it('names each object that is refused on a line, in one order', () => {
    const all = [refused('L2Advertisement', 'b'), refused('IPAddressPool', 'z'), refused('IPAddressPool', 'a')]
    const words =
      'configuration error: IPAddressPool "a": spec.x: is wrong\n' +
      'IPAddressPool "z": spec.x: is wrong\nL2Advertisement "b": spec.x: is wrong'
    assert.equal(errorSummary(all), words)
    assert.equal(errorSummary(all.reverse()), words)
    assert.equal(errorSummary([]), '')
  })

  it('counts what would be too long to say', () => {
    const summary = errorSummary(Array.from({ length: 1_000 }, (_, index) => refused('IPAddressPool', `pool-${index}`)))
    assert.ok(summary.length < 17_000)
    assert.match(summary, /\nand \d+ more$/)
  })

  it('speaks the words that tools know, where there are such', () => {
    const known = { ...refused('BGPPeer', 'p'), summary: 'peer p referencing non existing bfd profile b' }
    assert.equal(errorSummary([known]), 'configuration error: peer p referencing non existing bfd profile b')
    const unknown = refused('BGPAdvertisement', 'a')
    assert.equal(
      errorSummary([known, unknown]),
      'configuration error: BGPAdvertisement "a": spec.x: is wrong\npeer p referencing non existing bfd profile b',
    )
  })

  it('has one order for several problems of one object', () => {
    const [first, second] = ['a', 'b'].map(message => ({
      ...refused('BGPAdvertisement', 'x'),
      problem: { field: 'spec', message },
    }))
    assert.equal(errorSummary([second!, first!]), errorSummary([first!, second!]))
  })

  type Row = [component: Component, what: string, refused: RefusedObject[], result: string, type: string]
  const row = (component: Component, kind: string, type: string): Row => {
    return [component, `a ${kind} is`, [refused(kind, 'a')], 'Invalid', type]
  }
  const rows: Row[] = [
    [controller, 'nothing is refused', [], 'Valid', 'poolReconcilerValid'],
    [controller, 'a pool is', [refused('IPAddressPool', 'a')], 'Invalid', 'poolReconcilerValid'],
    [controller, 'a reservation is', [refused('AddressReservation', 'a')], 'Invalid', 'poolReconcilerValid'],
    [controller, 'an advertisement is', [refused('L2Advertisement', 'a')], 'Invalid', 'poolReconcilerValid'],
    [speaker, 'nothing is refused', [], 'Valid', 'configReconcilerValid'],
    [speaker, 'a pool is', [refused('IPAddressPool', 'a')], 'Invalid', 'configReconcilerValid'],
    [speaker, 'a reservation is', [refused('AddressReservation', 'a')], 'Valid', 'configReconcilerValid'],
    [speaker, 'an advertisement is', [refused('L2Advertisement', 'a')], 'Invalid', 'configReconcilerValid'],
    ...['BGPAdvertisement', 'BGPPeer', 'BFDProfile', 'Community'].flatMap(kind => [
      row(controller, kind, 'poolReconcilerValid'),
      row(speaker, kind, 'configReconcilerValid'),
    ]),
  ]
  for (const [component, what, objects, result, type] of rows) {
    it(`of the ${component.type} is ${result} when ${what}`, () => {
      const status = nextConfigurationStatus(component, objects, {}, at(1))
      const [condition] = status.conditions ?? []
      assert.equal(status.result, result)
      assert.equal(status.errorSummary, result === 'Valid' ? '' : errorSummary(objects))
      assert.deepEqual(
        [condition?.type, condition?.status, condition?.reason, condition?.message],
        result === 'Valid'
          ? [type, 'True', 'Reconciled', '']
          : [type, 'False', 'ConfigurationError', errorSummary(objects)],
      )
      assert.equal(nextConfigurationStatus(component, objects, status, at(2)), status, 'nothing to write')
    })
  }

  it('says when it changed, and not when its words did', () => {
    const transition = ({ conditions }: ConfigurationStatus) => conditions?.[0]?.lastTransitionTime
    const valid = nextConfigurationStatus(controller, [], {}, at(1))
    const one = nextConfigurationStatus(controller, [refused('IPAddressPool', 'a')], valid, at(2))
    const other = nextConfigurationStatus(controller, [refused('IPAddressPool', 'b')], one, at(3))
    const mended = nextConfigurationStatus(controller, [], other, at(4))
    assert.deepEqual([valid, one, other, mended].map(transition), [at(1), at(2), at(2), at(4)])
  })

  it('is restored when somebody edits it', () => {
    const valid = nextConfigurationStatus(controller, [], {}, at(1))
    for (const edit of [{ result: 'Unknown' as const }, { errorSummary: 'x' }, { conditions: [] }]) {
      assert.deepEqual(nextConfigurationStatus(controller, [], { ...valid, ...edit }, at(1)), valid)
    }
  })
})

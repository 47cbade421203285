import assert from 'node:assert/strict'
import { DEFAULT_EXCLUDED_INTERFACES, type LinkFacts, usableLinks } from '../../../src/layer2/link.ts'

const eth0: LinkFacts = {
  index: 2,
  name: 'eth0',
  mac: 0x02005e000001,
  up: true,
  enslaved: false,
  noArp: false,
  loopback: false,
  broadcast: true,
}
const excluded = DEFAULT_EXCLUDED_INTERFACES.map(pattern => new RegExp(pattern))

describe('usable links', () => {
  it('are Ethernet interfaces that are up', () => {
    assert.deepEqual(usableLinks([eth0], excluded), [{ index: 2, name: 'eth0', mac: 0x02005e000001, families: [4] }])
  })

  const left: Partial<LinkFacts>[] = [
    { up: false },
    { enslaved: true },
    { noArp: true },
    { loopback: true },
    { broadcast: false },
    { mac: undefined },
    { mac: 0 },
    ...[
      'docker0',
      'cbr0',
      'dummy1',
      'virbr0',
      'lxcbr0',
      'veth12ab',
      'lo',
      'cali99',
      'tunl0',
      'flannel.1',
      'kube-ipvs0',
      'cni0',
    ].map(name => ({ name })),
    { name: 'nodelocaldns' },
    { name: 'lxc123' },
  ]
  for (const facts of left) {
    it(`are none with ${Object.entries(facts).join(' ')}`, () =>
      assert.deepEqual(usableLinks([{ ...eth0, ...facts }], excluded), []))
  }

  it('keep names that only resemble excluded ones', () => {
    for (const name of ['lom1', 'bond0', 'br0', 'eth0.100', 'myveth']) {
      assert.equal(usableLinks([{ ...eth0, name }], excluded).length, 1, name)
    }
  })
})

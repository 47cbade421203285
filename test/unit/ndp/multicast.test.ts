import assert from 'node:assert/strict'
import { multicastMac, solicitedNodeAddress, solicitedNodeMac } from '../../../src/ndp/multicast.ts'
import { formatMac } from '../../../src/wire/mac-address.ts'
import { ipv6 } from '../../support/neighbors.ts'

const groups: { address: string; group: string; mac: string }[] = [
  // the example of RFC 4291 §2.7.1
  { address: '4037::01:800:200e:8c6c', group: 'ff02::1:ff0e:8c6c', mac: '33:33:ff:0e:8c:6c' },
  { address: '2001:db8::1', group: 'ff02::1:ff00:1', mac: '33:33:ff:00:00:01' },
  { address: '2001:db8::ffff:ffff', group: 'ff02::1:ffff:ffff', mac: '33:33:ff:ff:ff:ff' },
  { address: '2001:db8::1:0:0', group: 'ff02::1:ff00:0', mac: '33:33:ff:00:00:00' },
]

describe('solicited-node group', () => {
  for (const { address, group, mac } of groups) {
    it(`of ${address} is ${group} at ${mac}`, () => {
      assert.equal(solicitedNodeAddress(ipv6(address)), ipv6(group))
      assert.equal(formatMac(solicitedNodeMac(ipv6(address))), mac)
    })
  }

  it('has the MAC that any group has', () => {
    assert.equal(formatMac(multicastMac(ipv6('ff02::1'))), '33:33:00:00:00:01')
    assert.equal(formatMac(multicastMac(ipv6('ff05::dead:beef'))), '33:33:de:ad:be:ef')
  })
})

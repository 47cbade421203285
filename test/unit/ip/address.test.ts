import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Address, compareAddresses, formatAddress, parseAddress } from '../../../src/ip/address.ts'
import { addressArbitrary } from '../../support/addresses.ts'

describe('addresses', () => {
  const read: [text: string, address: Address, printed: string][] = [
    ['0.0.0.0', { family: 4, value: 0 }, '0.0.0.0'],
    ['192.0.2.1', { family: 4, value: 0xc0000201 }, '192.0.2.1'],
    ['255.255.255.255', { family: 4, value: 0xffffffff }, '255.255.255.255'],
    ['::', { family: 6, value: 0n }, '::'],
    ['2001:DB8::1', { family: 6, value: 0x20010db8000000000000000000000001n }, '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', { family: 6, value: 0x20010db8000000000001000000000001n }, '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', { family: 6, value: 0x20010db8000000010001000100010001n }, '2001:db8:0:1:1:1:1:1'],
  ]
  for (const [text, address, printed] of read) {
    it(`reads ${text} and prints ${printed}`, () => {
      assert.deepEqual(parseAddress(text), address)
      assert.equal(formatAddress(address), printed)
    })
  }

  const refused = [
    '',
    ' ',
    '1',
    '10.0.0.300',
    '10.0.0',
    '10.0.0.1.2',
    '01.2.3.4',
    '10.0.0.1/8',
    ' 10.0.0.1',
    '0x0a.0.0.1',
  ]
  refused.push(
    '2001:db8::1%eth0',
    '2001:db8::/32',
    '1::2::3',
    '::ffff:192.0.2.1',
    '2001:db8::10000',
    'localhost',
    '-1.0.0.0',
  )
  for (const text of refused) it(`refuses "${text}"`, () => assert.equal(parseAddress(text), undefined))

  it('reads back what it prints', () => {
    fc.assert(fc.property(addressArbitrary, address => assert.deepEqual(parseAddress(formatAddress(address)), address)))
  })

  it('never throws on text', () => {
    fc.assert(fc.property(fc.string(), text => void parseAddress(text)))
  })

  it('orders IPv4 before IPv6, then by value', () => {
    const sorted = ['2001:db8::2', '10.0.0.2', '2001:db8::1', '9.255.0.0']
      .map(text => parseAddress(text) as Address)
      .sort(compareAddresses)
    assert.deepEqual(sorted.map(formatAddress), ['9.255.0.0', '10.0.0.2', '2001:db8::1', '2001:db8::2'])
  })
})

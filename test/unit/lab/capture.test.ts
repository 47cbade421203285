import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { decodeArp, parseFrame } from '../../support/lab/capture.ts'

describe("tests' reading of tcpdump", () => {
  const prefix = '1795229081.756660 02:00:00:00:0a:0b > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 58: '
  const decode = (text: string) => {
    const frame = parseFrame(prefix + text)
    assert.ok(frame !== undefined)
    return decodeArp(frame)
  }

  it('reads times and link-layer addresses', () => {
    const frame = parseFrame(`${prefix}Request who-has 192.0.2.100 tell 192.0.2.202, length 44`)
    assert.equal(frame?.timeMs, 1795229081756.66)
    assert.equal(frame?.sourceMac, '02:00:00:00:0a:0b')
    assert.equal(frame?.destinationMac, 'ff:ff:ff:ff:ff:ff')
  })

  const rows = [
    ['Request who-has 192.0.2.100 tell 192.0.2.202, length 44', 'request', '192.0.2.100', undefined],
    [
      'Request who-has 192.0.2.100 (02:00:00:00:0a:0b) tell 192.0.2.202, length 44',
      'request',
      '192.0.2.100',
      undefined,
    ],
    ['Announcement 192.0.2.100, length 28', 'request', '192.0.2.100', undefined],
    ['Reply 192.0.2.100 is-at 02:00:00:00:0a:0c, length 28', 'reply', '192.0.2.100', '02:00:00:00:0a:0c'],
  ] as const
  for (const [text, operation, address, mac] of rows) {
    it(`decodes "${text}"`, () => {
      const frame = decode(text)
      assert.deepEqual([frame?.operation, frame?.address, frame?.mac], [operation, address, mac])
    })
  }

  it('takes nothing else for ARP', () => {
    assert.equal(decode('192.0.2.201.34512 > 192.0.2.100.80: Flags [S], seq 1'), undefined)
    assert.equal(parseFrame('tcpdump: listening on eth0'), undefined)
  })
})

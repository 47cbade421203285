import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { parseCommunityValue } from '../../../src/config/community.ts'
import { parseDurationSeconds, parseWholeSeconds } from '../../../src/config/duration.ts'
import { formatAddress, parseAddress, sameAddress } from '../../../src/ip/address.ts'
import { formatPrefix, parsePrefix } from '../../../src/ip/prefix.ts'
import { formatRange, parseRange, rangeContains, rangeSize } from '../../../src/ip/range.ts'
import { formatMac, parseMac } from '../../../src/wire/mac-address.ts'
import type { FuzzTarget } from '../target.ts'
import { ofText, textFormat, textOf } from '../text-format.ts'

const ADDRESSES = [
  '192.0.2.1',
  '255.255.255.255',
  '0.0.0.0',
  '2001:db8::1',
  '::',
  'fe80::1',
  '2001:db8:0:0:1:0:0:1',
  '::ffff:192.0.2.1',
]
const RANGES = [
  '192.0.2.0/24',
  '192.0.2.1/32',
  '2001:db8::/64',
  '192.0.2.1 - 192.0.2.9',
  '2001:db8::1-2001:db8::ff',
  '0.0.0.0/0',
]

/** Addresses, prefixes and ranges, beside what Node says of them. */
export const addressText: FuzzTarget = {
  name: 'address-text',
  format: textFormat([...ADDRESSES, '/24', '/128', '::', '.', ':', '-', '%eth0']),
  seeds: [...ADDRESSES, ...RANGES].map(ofText),
  check(input) {
    const text = textOf(input)
    const outcomes: string[] = []
    const address = parseAddress(text)
    // Zones, and IPv4 in the clothes of IPv6, no Service may have.
    const isMapped = isIP(text) === 6 && mapped.check(text, 'ipv6')
    const expected = text.includes('%') || isMapped ? 0 : isIP(text)
    assert.equal(address?.family ?? 0, expected, JSON.stringify(text))
    if (address) {
      const again = parseAddress(formatAddress(address))
      assert.ok(again && sameAddress(address, again))
      const alone = new BlockList()
      alone.addAddress(text, `ipv${address.family}`)
      assert.ok(alone.check(formatAddress(address), `ipv${address.family}`))
      outcomes.push('address')
    }
    const parsed = parseRange(text)
    if ('problem' in parsed) assert.ok(parsed.problem.length > 0)
    else {
      const { range } = parsed
      assert.ok(rangeContains(range, range.first) && rangeContains(range, range.last) && rangeSize(range) > 0n)
      assert.deepEqual(parseRange(formatRange(range)), parsed)
      outcomes.push('range')
    }
    const prefix = parsePrefix(text)
    if (prefix) {
      assert.deepEqual(parsePrefix(formatPrefix(prefix)), prefix)
      outcomes.push('prefix')
    }
    return outcomes.join(' and ') || 'nothing'
  },
}

const mapped = new BlockList()
mapped.addSubnet('::ffff:0:0', 96, 'ipv6')

const COMMUNITIES = ['64512:100', '0:65535', 'large:64512:1:2', 'large:4294967295:0:4294967295', 'backup']
const DURATIONS = ['90s', '1m30s', '1.5h', '0', '300ms', '1h0.5s', '2562047h47m16.854775807s', '.5s', '1µs']
const MACS = ['02:00:5e:00:53:01', 'FF:ff:ff:FF:ff:ff']

export const valueText: FuzzTarget = {
  name: 'value-text',
  format: textFormat([...COMMUNITIES, ...DURATIONS, ...MACS, 'ns', 'h', ':', '.']),
  seeds: [...COMMUNITIES, ...DURATIONS, ...MACS].map(ofText),
  check(input) {
    const text = textOf(input)
    const outcomes: string[] = []
    const seconds = parseDurationSeconds(text)
    const whole = parseWholeSeconds(text)
    if (seconds !== undefined) {
      assert.ok(Number.isFinite(seconds) && seconds >= 0 && Number.isInteger(seconds), `${seconds}`)
      assert.match(text, /^(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/)
      outcomes.push('duration')
    }
    if (whole !== undefined) assert.equal(whole, seconds)
    const community = parseCommunityValue(text)
    if ('standard' in community) {
      const [high = '', low = ''] = text.split(':')
      assert.equal(community.standard, Number(high) * 65536 + Number(low))
      assert.ok(community.standard <= 0xffff_ffff)
      outcomes.push('community')
    } else if ('large' in community) {
      const { globalAdministrator, localData1, localData2 } = community.large
      const numbers = [globalAdministrator, localData1, localData2]
      assert.deepEqual(
        ['large', ...numbers.map(String)],
        text.split(':').map(part => part.replace(/^0+(?=\d)/, '')),
      )
      assert.ok(numbers.every(number => number <= 0xffff_ffff))
      outcomes.push('large community')
    } else assert.ok(community.problem.length > 0)
    const mac = parseMac(text)
    if (mac !== undefined) {
      assert.equal(formatMac(mac), text.toLowerCase())
      outcomes.push('MAC')
    }
    return outcomes.join(' and ') || 'nothing'
  },
}

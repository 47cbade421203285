import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { readRequest } from '../../../src/controller/request.ts'
import { formatAddress } from '../../../src/ip/address.ts'
import { viewService } from '../../../src/resources/service.ts'
import { isRecord, stringsOf } from '../json-fields.ts'
import { jsonFormat, jsonOf, ofJson } from '../json-format.ts'
import type { FuzzTarget } from '../target.ts'

const ports = [{ protocol: 'TCP', port: 80 }]
const seeds = [
  { clusterIPs: ['198.51.100.1'], ports },
  { clusterIPs: ['198.51.100.1', '2001:db8::1'], ipFamilyPolicy: 'RequireDualStack', ports },
  {
    clusterIPs: ['2001:db8::1', '198.51.100.1'],
    ipFamilyPolicy: 'PreferDualStack',
    externalTrafficPolicy: 'Local',
    ports,
  },
  { clusterIPs: ['None'], ports },
  { clusterIPs: ['198.51.100.1'], loadBalancerIP: '192.0.2.7', ports },
].flatMap(spec => [
  { spec, annotations: {} },
  ...['metallb.io', 'metallb.universe.tf'].map(group => ({
    spec,
    annotations: {
      [`${group}/loadBalancerIPs`]: '192.0.2.7,2001:db8::7',
      [`${group}/address-pool`]: 'gold',
      [`${group}/allow-shared-ip`]: 'key',
    },
  })),
])

/** What users write on a Service: annotations of any text, and a spec whose cluster addresses and texts may be anything. */
export const service: FuzzTarget = {
  name: 'service',
  format: jsonFormat(),
  seeds: seeds.map(ofJson),
  check(input) {
    const value = jsonOf(input)
    const { annotations, spec } = isRecord(value) ? value : {}
    const { clusterIPs, ipFamilyPolicy, loadBalancerIP, externalTrafficPolicy } = isRecord(spec) ? spec : {}
    const asText = (text: unknown) => (typeof text === 'string' ? text : undefined)
    const view = viewService({
      metadata: { name: 'web', namespace: 'shop', annotations: stringsOf(annotations) },
      spec: {
        type: 'LoadBalancer',
        // The API server keeps no lists of anything but text there.
        clusterIPs: Array.isArray(clusterIPs) ? clusterIPs.filter(text => typeof text === 'string') : [],
        ipFamilyPolicy: asText(ipFamilyPolicy),
        loadBalancerIP: asText(loadBalancerIP),
        externalTrafficPolicy: asText(externalTrafficPolicy),
        ports,
      },
    })
    const read = readRequest(view, {})
    if ('reason' in read) {
      assert.ok(read.message.length > 0)
      return read.reason
    }
    const { alternatives, addresses = [] } = read.request
    assert.ok(alternatives.length > 0 && alternatives.every(families => families.length > 0))
    const asked = Object.values(stringsOf(annotations)).join() + String(loadBalancerIP)
    for (const address of addresses) {
      assert.equal(isIP(formatAddress(address)), address.family)
      assert.notEqual(asked, '')
    }
    return addresses.length > 0 ? 'asks for addresses' : 'asks for any address'
  },
}

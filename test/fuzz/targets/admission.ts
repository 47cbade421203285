import assert from 'node:assert/strict'
import { answerAdmission, readAdmissionReview } from '../../../src/admission/admission-review.ts'
import { answerConversion } from '../../../src/admission/conversion-review.ts'
import { convertBgpPeer } from '../../../src/admission/convert-bgp-peer.ts'
import { decideAdmission } from '../../../src/admission/decide-admission.ts'
import { make, snapshotOf } from '../../unit/admission/admission-requests.ts'
import { isRecord } from '../json-fields.ts'
import { jsonFormat, jsonOf, ofJson } from '../json-format.ts'
import type { FuzzTarget } from '../target.ts'
import { goodObjects } from './configuration.ts'

const namespace = 'herald-system'
const KINDS = goodObjects.map(({ kind }) => kind)

const written = goodObjects.map((object, index) => {
  const annotations = 'annotations' in object ? (object.annotations as Record<string, string>) : undefined
  return make(object.kind)(`o${index}`, object.spec, annotations)
})
const snapshot = snapshotOf(written)

const reviews = written.flatMap(object =>
  (['CREATE', 'UPDATE', 'DELETE'] as const).map(operation => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      ...{ uid: 'u', operation, kind: { group: 'metallb.io', version: 'v1beta1', kind: object.kind } },
      ...{ namespace, name: operation === 'CREATE' ? 'new' : object.metadata.name },
      ...(operation !== 'DELETE' && {
        object: {
          ...object,
          metadata: { ...object.metadata, name: operation === 'CREATE' ? 'new' : object.metadata.name },
        },
      }),
      ...(operation !== 'CREATE' && { oldObject: object }),
    },
  })),
)

export const admission: FuzzTarget = {
  name: 'admission',
  format: jsonFormat(),
  seeds: reviews.map(ofJson),
  check(input) {
    const body = jsonOf(input)
    const read = readAdmissionReview(body)
    assert.equal('request' in read, isReview(body))
    if ('problem' in read) return 'no review'
    const { request } = read
    const verdict = decideAdmission(request, snapshot)
    const { response } = answerAdmission(request.uid, verdict) as { response: { uid: string; allowed: boolean } }
    assert.equal(response.uid, request.uid)
    assert.equal(response.allowed, verdict.refusal === undefined)
    JSON.stringify(response)
    if (!KINDS.includes(request.kind)) assert.ok(response.allowed)
    if (request.operation === 'DELETE' && request.kind !== 'BFDProfile') assert.ok(response.allowed)
    if (verdict.refusal === undefined) return verdict.warnings.length > 0 ? 'allowed with a warning' : 'allowed'
    assert.ok(verdict.refusal.length > 0)
    return 'refused'
  },
}

/** The same judgement as the code's, made in another way. */
function isReview(body: unknown): boolean {
  if (!isRecord(body) || body.apiVersion !== 'admission.k8s.io/v1' || body.kind !== 'AdmissionReview') return false
  const { request } = body
  if (!isRecord(request) || typeof request.uid !== 'string' || request.uid.length === 0) return false
  const { operation, kind, object } = request
  if (!isRecord(kind) || typeof kind.kind !== 'string') return false
  if (operation === 'DELETE') return true
  return (operation === 'CREATE' || operation === 'UPDATE') && isRecord(object) && isRecord(object.metadata)
}

const peers = written
  .filter(({ kind }) => kind === 'BGPPeer')
  .map(peer => ({ apiVersion: 'metallb.io/v1beta2', ...peer }))
const conversions = ['v1beta1', 'v1beta2'].map(version => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'ConversionReview',
  request: {
    uid: 'u',
    desiredAPIVersion: `metallb.io/${version}`,
    objects: version === 'v1beta1' ? peers : peers.map(peer => convertBgpPeer(peer, 'v1beta1')),
  },
}))

export const conversion: FuzzTarget = {
  name: 'conversion',
  format: jsonFormat(),
  seeds: conversions.map(ofJson),
  check(input) {
    const body = jsonOf(input)
    const answer = answerConversion(body)
    if ('problem' in answer) return 'no review'
    const { request } = body as {
      request: { uid: string; objects: Record<string, unknown>[]; desiredAPIVersion: string }
    }
    const { response } = answer.review as {
      response: {
        uid: string
        convertedObjects: Record<string, unknown>[]
        result: { status: string; message?: string }
      }
    }
    assert.equal(response.uid, request.uid)
    if (response.result.status === 'Failure') {
      assert.deepEqual(response.convertedObjects, [])
      assert.ok(response.result.message)
      return 'failure'
    }
    assert.equal(response.convertedObjects.length, request.objects.length)
    for (const [index, object] of response.convertedObjects.entries()) {
      const before = request.objects[index]!
      assert.equal(object.apiVersion, request.desiredAPIVersion)
      const { metadata } = object
      if (isRecord(metadata) && isRecord(before.metadata)) assert.deepEqual(metadata.name, before.metadata.name)
      assert.deepEqual(object.status, before.status)
      // There and back again: whatever the first way put right stays as it is.
      const old = convertBgpPeer(object, 'v1beta1')
      const back = convertBgpPeer(old, 'v1beta2')
      assert.deepEqual(convertBgpPeer(convertBgpPeer(back, 'v1beta1'), 'v1beta2'), back)
    }
    return 'success'
  },
}

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { answerAdmission, readAdmissionReview } from '../../../src/admission/admission-review.ts'

const review = (request: unknown) => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
const request = {
  ...{ uid: 'u', operation: 'CREATE', kind: { group: 'metallb.io', version: 'v1beta1', kind: 'IPAddressPool' } },
  ...{ namespace: 'h', name: '', object: { metadata: { name: 'web' }, spec: { addresses: [] } }, oldObject: null },
}

describe('an AdmissionReview', () => {
  it('is read, with the name from the object where the request has none', () => {
    assert.deepEqual(readAdmissionReview(review(request)), {
      request: {
        ...{ uid: 'u', operation: 'CREATE', kind: 'IPAddressPool', namespace: 'h', name: 'web' },
        object: { metadata: { name: 'web' }, spec: { addresses: [] } },
      },
    })
  })

  for (const [what, body, problem] of [
    ['no object', null, /no AdmissionReview/],
    ['another version', { ...review(request), apiVersion: 'admission.k8s.io/v1beta1' }, /no AdmissionReview/],
    ['no request', review(null), /^request:/],
    ['no uid', review({ ...request, uid: '' }), /^request\.uid:/],
    ['an unknown operation', review({ ...request, operation: 'CONNECT' }), /^request\.operation:/],
    ['no kind', review({ ...request, kind: 'Pod' }), /^request\.kind:/],
    ['nothing that is created', review({ ...request, object: null }), /^request\.object:/],
    ['an object without metadata', review({ ...request, object: {} }), /^request\.object:/],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const read = readAdmissionReview(body)
      assert.match('problem' in read ? read.problem : 'read', problem)
    })
  }

  it('is never thrown at', () => {
    fc.assert(fc.property(fc.anything(), value => void readAdmissionReview(review(value))))
    fc.assert(fc.property(fc.object(), value => void readAdmissionReview(review({ ...request, ...value }))))
  })

  for (const nothing of [null, 'text', 7, ['a']]) {
    it(`is read without labels and annotations that are ${JSON.stringify(nothing)}`, () => {
      const object = { metadata: { name: 'web', labels: nothing, annotations: nothing }, spec: {} }
      const read = readAdmissionReview(review({ ...request, object }))
      assert.deepEqual('request' in read && read.request.object, { metadata: { name: 'web' }, spec: {} })
    })
  }

  it('is answered', () => {
    assert.deepEqual(answerAdmission('u', { warnings: ['w'] }), {
      ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      response: { uid: 'u', allowed: true, warnings: ['w'] },
    })
    assert.deepEqual(answerAdmission('u', { refusal: 'no', warnings: [] }), {
      ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      response: { uid: 'u', allowed: false, status: { code: 403, reason: 'Forbidden', message: 'no' }, warnings: [] },
    })
  })
})

import { isObject } from '../config/field-checks.ts'
import { isReview } from './admission-review.ts'
import { BGP_PEER_VERSIONS, convertBgpPeer } from './convert-bgp-peer.ts'

const CONVERSION_REVIEW = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview' } as const

/**
 * Answers a ConversionReview of BGPPeers; nothing in it is trusted. All objects are converted, or none.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-request-and-response
 */
export function answerConversion(body: unknown): { readonly review: object } | { readonly problem: string } {
  if (!isReview(body, CONVERSION_REVIEW)) return { problem: 'is no ConversionReview of apiextensions.k8s.io/v1' }
  const { request } = body
  if (!isObject(request) || typeof request.uid !== 'string') return { problem: 'request.uid: must be text' }
  const { uid, desiredAPIVersion, objects } = request
  if (!Array.isArray(objects)) return { problem: 'request.objects: must be a list' }
  const version = BGP_PEER_VERSIONS.find(known => desiredAPIVersion === `metallb.io/${known}`)
  const stranger = objects.find(
    object => !isObject(object) || object.kind !== 'BGPPeer' || !String(object.apiVersion).startsWith('metallb.io/'),
  )
  if (version === undefined || stranger !== undefined) {
    const what = version === undefined ? `to ${JSON.stringify(desiredAPIVersion)}` : 'of what is no BGPPeer'
    const result = { status: 'Failure', message: `there is no conversion ${what}` }
    return { review: { ...CONVERSION_REVIEW, response: { uid, convertedObjects: [], result } } }
  }
  const convertedObjects = objects.map(object => convertBgpPeer(object, version))
  return { review: { ...CONVERSION_REVIEW, response: { uid, convertedObjects, result: { status: 'Success' } } } }
}

import { type Fields, isObject } from '../config/field-checks.ts'

/** What the API server asks about one write (admission.k8s.io/v1 AdmissionRequest), cut to what is judged by. */
export interface AdmissionRequest {
  readonly uid: string
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** the object as it would be; absent when it is deleted */
  readonly object?: AdmittedObject
  /** the object as it is; absent when it is created */
  readonly oldObject?: AdmittedObject
}

/** Any object of the API, of which the schema of its kind has seen no more than the API server says. */
export interface AdmittedObject {
  readonly metadata: {
    readonly name?: string
    readonly namespace?: string
    readonly generation?: number
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  readonly spec?: object
}

/** What is answered. Warnings are shown to whoever writes, whether it is allowed or not. */
export interface Verdict {
  /** why it is refused; absent when it is allowed */
  readonly refusal?: string
  readonly warnings: readonly string[]
}

const ADMISSION_REVIEW = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' } as const

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE']

/** Reads an AdmissionReview as it came; nothing in it is trusted. */
export function readAdmissionReview(
  body: unknown,
): { readonly request: AdmissionRequest } | { readonly problem: string } {
  if (!isReview(body, ADMISSION_REVIEW)) return { problem: 'is no AdmissionReview of admission.k8s.io/v1' }
  const { request } = body
  if (!isObject(request)) return { problem: 'request: must be an object' }
  const { uid, operation, kind, namespace, name } = request
  if (typeof uid !== 'string' || uid === '') return { problem: 'request.uid: must be text' }
  if (!OPERATIONS.includes(operation as string))
    return { problem: `request.operation: is none of ${OPERATIONS.join(', ')}` }
  if (!isObject(kind) || typeof kind.kind !== 'string') return { problem: 'request.kind: must name a kind' }
  const object = readObject(request.object)
  const oldObject = readObject(request.oldObject)
  if (operation !== 'DELETE' && !object) return { problem: 'request.object: must be an object with metadata' }
  return {
    request: {
      ...{ uid, operation: operation as AdmissionRequest['operation'], kind: kind.kind },
      namespace: textOf(namespace),
      // The name of an object with a generateName stands in the object alone.
      name: textOf(name) || (object?.metadata.name ?? ''),
      ...(object && { object }),
      ...(oldObject && { oldObject }),
    },
  }
}

/** The AdmissionReview that answers a request. */
export function answerAdmission(uid: string, { refusal, warnings }: Verdict): object {
  const status = refusal === undefined ? {} : { status: { code: 403, reason: 'Forbidden', message: refusal } }
  return { ...ADMISSION_REVIEW, response: { uid, allowed: refusal === undefined, ...status, warnings } }
}

/** Whether the body is a review of this API version and kind. */
export function isReview(body: unknown, { apiVersion, kind }: { apiVersion: string; kind: string }): body is Fields {
  return isObject(body) && body.apiVersion === apiVersion && body.kind === kind
}

function readObject(value: unknown): AdmittedObject | undefined {
  if (!isObject(value) || !isObject(value.metadata)) return undefined
  const { labels, annotations, ...metadata } = value.metadata
  return {
    metadata: { ...metadata, ...(isObject(labels) && { labels }), ...(isObject(annotations) && { annotations }) },
    ...(isObject(value.spec) && { spec: value.spec }),
  } as AdmittedObject
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

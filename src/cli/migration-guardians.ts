import type { Finding } from './finding.ts'
import { containersOf, findMetalLB, isMetalLB } from './metallb.ts'
import { type ApiObject, nameOf, objectsOf, type Snapshot } from './snapshot.ts'

/** Programs that put back what a person takes away, by the labels and annotations that they leave on what they manage. */
const GUARDIANS: readonly (readonly [mark: string, program: string])[] = [
  ['argocd.argoproj.io/tracking-id', 'Argo CD'],
  ['argocd.argoproj.io/instance', 'Argo CD'],
  ['kustomize.toolkit.fluxcd.io/name', 'Flux'],
  ['helm.toolkit.fluxcd.io/name', 'Flux'],
  ['olm.owner', 'the Operator Lifecycle Manager'],
]

/** What else has a hand in this MetalLB, and would undo the steps or go on beside Herald. */
export function guardianFindings(snapshot: Snapshot): Finding[] {
  const { namespace } = snapshot
  const workloads = (['Deployment', 'DaemonSet'] as const).flatMap(kind =>
    objectsOf(snapshot, kind)
      .filter(object => object.metadata?.namespace === namespace && isMetalLB(object))
      .map(object => [kind, object] as const),
  )
  const guarded = workloads.flatMap(([kind, object]): Finding[] => {
    const program = guardianOf(object)
    if (!program) return []
    const message = `is managed by ${program}, which would undo every step`
    const advice = `Have ${program} let go of MetalLB, and leave the definitions and all objects.`
    return [{ level: 'error', subject: `${kind} ${nameOf(object)}`, message, advice }]
  })
  return [...guarded, ...foreignFrr(snapshot)]
}

function guardianOf({ metadata = {} }: ApiObject): string | undefined {
  const marks = { ...metadata.labels, ...metadata.annotations }
  const { ownerReferences = [] } = metadata as { ownerReferences?: readonly { kind?: string }[] }
  const program = GUARDIANS.find(([mark]) => marks[mark] !== undefined)?.[1]
  return program ?? (ownerReferences.some(({ kind }) => kind === 'MetalLB') ? "MetalLB's operator" : undefined)
}

function foreignFrr(snapshot: Snapshot): Finding[] {
  const { namespace } = snapshot
  if (findMetalLB(snapshot)?.mode !== 'frr-k8s') return []
  const runs = (object: ApiObject) => containersOf(object).some(({ image = '' }) => /frr-k8s/.test(image))
  const elsewhere = objectsOf(snapshot, 'DaemonSet').filter(
    object => runs(object) && object.metadata?.namespace !== namespace,
  )
  return elsewhere.map(object => ({
    level: 'error',
    subject: `DaemonSet ${object.metadata?.namespace}/${nameOf(object)}`,
    message: 'is an frr-k8s of its own: it would go on announcing what MetalLB has told it',
    advice: 'Move to mode native or frr of MetalLB first, or take its peers out of frr-k8s.',
  }))
}

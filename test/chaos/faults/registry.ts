import type { FaultKind } from '../fault.ts'
import { apiFaults } from './api.ts'
import { clockJump } from './clock.ts'
import { etcdDiskFull } from './etcd-disk.ts'
import { networkFaults } from './network.ts'
import { objectFaults } from './objects.ts'
import { processFaults } from './processes.ts'
import { helmUpgrade } from './upgrade.ts'
import { webhookHangs } from './webhook.ts'

/** Every kind of fault there is. */
export const faultKinds: readonly FaultKind[] = [
  ...processFaults,
  etcdDiskFull,
  ...networkFaults,
  ...apiFaults,
  webhookHangs,
  clockJump,
  ...objectFaults,
  helmUpgrade,
]

/** @throws Error that names the kinds there are when one of the names is none of them */
export function kindsNamed(names: readonly string[]): FaultKind[] {
  return names.map(name => {
    const kind = faultKinds.find(each => each.name === name)
    if (kind === undefined)
      throw new Error(`no kind of fault is named "${name}"; there are: ${faultKinds.map(each => each.name).join(', ')}`)
    return kind
  })
}

import { isSystemError } from './system-error.ts'

/** A Linux capability that Herald may lack, as `securityContext.capabilities.add` of a container spells it. */
export type Capability = 'NET_RAW' | 'NET_ADMIN' | 'NET_BIND_SERVICE'

/** The kernel refused for lack of a capability; the message says which and where to add it. */
export class MissingCapabilityError extends Error {
  override readonly name = 'MissingCapabilityError'
  static readonly code = 'ERR_HERALD_CAPABILITY'
  readonly code = MissingCapabilityError.code
  readonly capability: Capability

  constructor(action: string, capability: Capability, cause: Error) {
    super(
      `${action} needs the capability CAP_${capability} (${cause.message}): add ${capability} to ` +
        'securityContext.capabilities.add of the container, and run it as root (Helm chart: speaker.securityContext.runAsUser: 0), ' +
        `because capabilities do not reach other users; outside Kubernetes, start the process as root or with CAP_${capability}`,
      { cause },
    )
    this.capability = capability
  }
}

/**
 * Runs `open`; when the kernel does not permit it, throws a MissingCapabilityError instead.
 * @param action what was being done, as the start of a sentence ("opening a packet socket on eth0")
 */
export function withCapability<T>(action: string, capability: Capability, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (isSystemError(error) && (error.code === 'EPERM' || error.code === 'EACCES')) {
      throw new MissingCapabilityError(action, capability, error)
    }
    throw error
  }
}

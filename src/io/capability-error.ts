import { isSystemError } from './system-error.ts'

/** A Linux capability that Herald may lack, as `securityContext.capabilities.add` of a container spells it. */
export type Capability = 'NET_RAW' | 'NET_BIND_SERVICE'

/** What gives each of them to a process of root's. */
const REMEDIES: Readonly<Record<Capability, string>> = {
  NET_RAW:
    "add NET_RAW to securityContext.capabilities.add of the speaker's container; Herald's chart does so whatever its values, so look for a policy " +
    'or a patch that takes it away',
  NET_BIND_SERVICE:
    "add NET_BIND_SERVICE to securityContext.capabilities.add of the speaker's container, as Herald's chart does where the value " +
    'speaker.bgp.listenPort is below 1024, or set that value to 1024 or more',
}

/** The kernel refused for lack of a capability; the message says which, and what gives it, in one line. */
export class MissingCapabilityError extends Error {
  override readonly name = 'MissingCapabilityError'
  static readonly code = 'ERR_HERALD_CAPABILITY'
  readonly code = MissingCapabilityError.code
  readonly capability: Capability

  /** @param userId of this process */
  constructor(action: string, capability: Capability, cause: Error, userId = process.getuid?.() ?? 0) {
    // A runtime puts the capabilities of a container into the bounding set, and only root's processes take them from there.
    const remedy =
      userId === 0
        ? REMEDIES[capability]
        : `this process is user ${userId}, and a container's capabilities reach root alone: set the chart's value ` +
          "speaker.securityContext.runAsUser, or securityContext.runAsUser of the speaker's container, to 0"
    super(`${action} needs the capability CAP_${capability} (${cause.message}): ${remedy}`, { cause })
    this.capability = capability
  }
}

/**
 * Runs `open`; when the kernel does not permit it, throws a MissingCapabilityError instead.
 * @param action what was being done, as the start of a sentence ("opening a packet socket")
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

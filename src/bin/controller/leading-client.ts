import type { ApiClient } from '../../kubernetes/client.ts'

export interface LeadingClientInit {
  isLeader: () => boolean
  /** called when something was not written because this replica does not lead any more */
  onRefused: () => void
}

/**
 * A client that patches and deletes only while this replica leads: one that was paused past its Lease must not carry out what it
 * decided before.
 */
export function leadingClient(
  client: Pick<ApiClient, 'create' | 'patch' | 'delete'>,
  { isLeader, onRefused }: LeadingClientInit,
): Pick<ApiClient, 'create' | 'patch' | 'delete'> {
  const requireLeadership = () => {
    if (isLeader()) return
    onRefused()
    throw new NotLeading()
  }
  return {
    create: client.create.bind(client),
    patch: async (...request) => {
      requireLeadership()
      return client.patch(...request)
    },
    delete: async (...request) => {
      requireLeadership()
      return client.delete(...request)
    },
  }
}

class NotLeading extends Error {
  override readonly name = 'NotLeading'

  constructor() {
    super('not written: this replica does not lead any more')
  }
}

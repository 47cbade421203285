import type { AdmissionRequest, Verdict } from './admission-review.ts'
import { judgeBgpAdvertisement, judgeCommunity, judgePeer, judgeProfile, judgeProfileDeletion } from './judge-bgp.ts'
import { judgeL2Advertisement } from './judge-l2-advertisement.ts'
import { judgePool, judgeReservation } from './judge-pool.ts'
import type { AdmissionSnapshot } from './snapshot.ts'

type Judge = (request: AdmissionRequest, snapshot: AdmissionSnapshot) => Verdict

/** What judges the objects of each kind as they would be. */
const JUDGES: Readonly<Record<string, Judge>> = {
  IPAddressPool: judgePool,
  AddressReservation: judgeReservation,
  L2Advertisement: judgeL2Advertisement,
  BGPAdvertisement: judgeBgpAdvertisement,
  BGPPeer: judgePeer,
  BFDProfile: judgeProfile,
  Community: judgeCommunity,
}

const ALLOWED: Verdict = { warnings: [] }

/**
 * Judges one write by the functions that judge the configuration when it is there. Refused is what would be refused then: the object
 * itself, or another of its kind beside it. What was wrong in the same way before stays writable, what is named and is not there yet is
 * told of, and objects of kinds that nobody knows here are allowed.
 */
export function decideAdmission(request: AdmissionRequest, snapshot: AdmissionSnapshot): Verdict {
  const { operation, kind, namespace, object } = request
  const judge = Object.hasOwn(JUDGES, kind) ? JUDGES[kind] : undefined
  if (!judge) return ALLOWED
  if (namespace !== snapshot.namespace) {
    // One that is there already counts for nothing, and must stay open to whoever tidies up.
    if (operation !== 'CREATE') return ALLOWED
    return { refusal: `resource must be created in ${snapshot.namespace} namespace`, warnings: [] }
  }
  if (operation === 'DELETE') return kind === 'BFDProfile' ? judgeProfileDeletion(request, snapshot) : ALLOWED
  // An object that is on its way out is written to take its finalizers off.
  if (object?.metadata.deletionTimestamp !== undefined) return ALLOWED
  return judge(request, snapshot)
}

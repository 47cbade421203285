import type { BfdParameters } from '../bgp/peer-config.ts'
import { PASSWORD_SECRET_TYPE, type PasswordSecret } from '../resources/password-secret.ts'
import type { BfdProfile } from './bfd-profile.ts'
import { type BgpPeer, checkPasswordLength } from './bgp-peer.ts'
import type { RefusedObject } from './refused-object.ts'

/** A peer with what it names looked up: its password stands in `password`. */
export interface ResolvedBgpPeer extends BgpPeer {
  readonly bfd?: BfdParameters
}

/** What peers name, by its name. */
export interface NamedByPeers {
  readonly secrets: ReadonlyMap<string, PasswordSecret>
  readonly profiles: ReadonlyMap<string, BfdProfile>
}

type Refused = { readonly refused: RefusedObject }

/** Looks up a peer's Secret and profile; one that is missing or wrong refuses this peer alone. */
export function resolvePeer(
  peer: BgpPeer,
  { secrets, profiles }: NamedByPeers,
): { readonly peer: ResolvedBgpPeer } | Refused {
  const credentials = passwordOf(peer, secrets)
  if ('refused' in credentials) return credentials
  if (peer.bfdProfile === undefined) return { peer: { ...peer, ...credentials } }
  const profile = profiles.get(peer.bfdProfile)
  if (profile) return { peer: { ...peer, ...credentials, bfd: profile.parameters } }
  return refuse(peer, 'spec.bfdProfile', `there is no valid BFDProfile "${peer.bfdProfile}"`, [
    `peer ${peer.name} referencing non existing bfd profile ${peer.bfdProfile}`,
  ])
}

function passwordOf(peer: BgpPeer, secrets: NamedByPeers['secrets']): { password?: string } | Refused {
  const { name, namespace, passwordSecret } = peer
  if (passwordSecret === undefined) return {}
  const field = 'spec.passwordSecret'
  const failed = `failed to parse peer ${name} password secret`
  const secret = secrets.get(passwordSecret)
  if (!secret) {
    return refuse(peer, field, `there is no Secret "${passwordSecret}" in the namespace "${namespace}"`, [
      `parsing peer ${name} secret ref not found for peer config "${namespace}"/"${name}"`,
      failed,
    ])
  }
  if (secret.type !== PASSWORD_SECRET_TYPE) {
    return refuse(peer, field, `the Secret "${passwordSecret}" must have the type ${PASSWORD_SECRET_TYPE}`, [
      // The blank at the end stands in MetalLB's text too.
      `parsing peer ${name} secret type mismatch on "${namespace}"/"${passwordSecret}", type "${PASSWORD_SECRET_TYPE}" is expected `,
      failed,
    ])
  }
  const { password } = secret
  if (!password) return refuse(peer, field, `the Secret "${passwordSecret}" has no text under the key "password"`)
  const length = checkPasswordLength(password)
  if (length) return refuse(peer, field, `the password in the Secret "${passwordSecret}" ${length}`)
  return { password }
}

function refuse({ name }: BgpPeer, field: string, message: string, summary?: readonly string[]): Refused {
  return {
    refused: { kind: 'BGPPeer', name, problem: { field, message }, ...(summary && { summary: summary.join('\n') }) },
  }
}

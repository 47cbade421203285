import type { LargeCommunity } from '../message.ts'
import type { RouteAttributes } from '../route.ts'

/** Whether two routes say the same of their prefix. */
export function sameAttributes(a: RouteAttributes, b: RouteAttributes): boolean {
  return (
    a === b ||
    (a.localPreference === b.localPreference &&
      a.weight === b.weight &&
      sameList(a.communities, b.communities, Object.is) &&
      sameList(a.largeCommunities, b.largeCommunities, sameLargeCommunity))
  )
}

function sameLargeCommunity(a: LargeCommunity, b: LargeCommunity): boolean {
  return (
    a.globalAdministrator === b.globalAdministrator && a.localData1 === b.localData1 && a.localData2 === b.localData2
  )
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index]!))
}

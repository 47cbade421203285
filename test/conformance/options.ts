import { parseArgs } from 'node:util'
import { IpFamily } from '../../lab/topology.ts'

/** How the nodes announce addresses. */
export const Mode = { bgp: 'bgp', layer2: 'layer2' } as const
export type Mode = (typeof Mode)[keyof typeof Mode]

export interface Options {
  /** In the order in which they run. */
  modes: Mode[]
  /** Of the addresses of nodes and Services. */
  families: IpFamily[]
  /** Only specs whose name matches; a run with this does not write the table. */
  focus?: string
  /** Name of the lab; the family is added to it. */
  name: string
  /** How many specs run at once. */
  processes: number
  /** Leave the labs running. */
  keep: boolean
}

export const usage = `Runs Kubernetes' own end-to-end suite for load balancers against Herald in the lab.

usage: npm run conformance [-- OPTION…]

  --mode bgp|layer2     how the nodes announce (default: both, one after the other)
  --family ipv4|ipv6    of the addresses of nodes and Services (default: both, one after the other)
  --focus REGEX         only specs whose name matches; prints the outcome, writes no table
  --processes N         how many specs run at once (default: 4)
  --name NAME           of the lab (default: conformance)
  --keep                leave the lab running
  --help                this text

A whole run takes about 20 minutes for each mode and family, most of which is waiting. The first builds the suite from its Go module,
about 6 minutes. It writes docs/conformance/MODE-FAMILY.xml (JUnit) and, from all of these, docs/conformance.md.`

/** A mistake in the command line; shown without a stack. */
export class UsageError extends Error {}

/**
 * @returns undefined when only help is asked for
 * @throws UsageError that names the option
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const processes = Number(values.processes)
  if (!Number.isInteger(processes) || processes < 1)
    throw new UsageError(`--processes takes a number from 1, not "${values.processes}"`)
  // Becomes part of names of namespaces, control groups and folders.
  if (!/^[a-z][a-z0-9-]{0,25}$/.test(values.name))
    throw new UsageError(`--name takes at most 26 small letters, digits and hyphens, not "${values.name}"`)
  if (values.focus !== undefined) checkPattern(values.focus)
  return {
    modes: choose('mode', Object.values(Mode), values.mode),
    families: choose('family', Object.values(IpFamily), values.family),
    ...{ focus: values.focus, name: values.name, processes, keep: values.keep },
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        mode: { type: 'string' },
        family: { type: 'string' },
        focus: { type: 'string' },
        processes: { type: 'string', default: '4' },
        name: { type: 'string', default: 'conformance' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** All of them when none is asked for. */
function choose<T extends string>(option: string, known: readonly T[], asked: string | undefined): T[] {
  if (asked === undefined) return [...known]
  const found = known.find(each => each === asked)
  if (found === undefined) throw new UsageError(`--${option} takes ${known.join(' or ')}, not "${asked}"`)
  return [found]
}

function checkPattern(pattern: string): void {
  try {
    new RegExp(pattern)
  } catch {
    throw new UsageError(`--focus takes a regular expression, not "${pattern}"`)
  }
}

import {
  COMMON_FLAGS,
  type CommandDefinition,
  type CommandFlag,
  exitCodesOf,
  flagNotes,
  flagUsage,
  PROGRAM,
  usageOf,
} from './command.ts'
import { wrap } from './render/table.ts'

/** What `kubectl herald --help` prints. */
export function programHelp(commands: readonly CommandDefinition[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  return `${[
    'Shows how Herald serves the LoadBalancer Services of a cluster, and why not.',
    '',
    `Usage: ${PROGRAM} COMMAND [flags]`,
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    `${PROGRAM} COMMAND --help tells more of each. As a program of its own it is called herald.`,
  ].join('\n')}\n`
}

/** What `--help` prints behind a command. */
export function commandHelp(command: CommandDefinition): string {
  return `${[
    `${command.summary}.`,
    ...command.description.flatMap(paragraph => ['', ...wrap(paragraph, { width: 100 })]),
    '',
    `Usage: ${usageOf(command)}`,
    '',
    'Examples:',
    ...command.examples.flatMap(({ what, command: line }) => [`  # ${what}`, `  ${line}`]),
    ...flagList('Flags:', command.flags),
    ...flagList('Flags of every command:', COMMON_FLAGS),
    '',
    'Exit codes:',
    ...exitCodesOf(command).map(([code, meaning]) => `  ${code}  ${meaning}`),
  ].join('\n')}\n`
}

function flagList(title: string, flags: Readonly<Record<string, CommandFlag>>): string[] {
  const entries = Object.entries(flags)
  if (entries.length === 0) return []
  const width = Math.max(...entries.map(([name, flag]) => flagUsage(name, flag).length)) + 2
  const rows = entries.map(([name, flag]) => `  ${flagUsage(name, flag).padEnd(width)}${flag.help}${flagNotes(flag)}`)
  return ['', title, ...rows]
}

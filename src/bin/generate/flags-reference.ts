import type { Flag } from '../common/flags.ts'

/** One process and its flags. */
export interface FlagTable {
  /** such as `controller` */
  readonly process: string
  readonly what: string
  readonly flags: Readonly<Record<string, Flag>>
}

const INTRODUCTION = `<!-- Made by src/bin/generate.ts from src/bin/*/flags.ts; change it there. -->

# Flags

The chart sets them from its [values](values.md); those that no value stands for are given with \`controller.extraArgs\` and
\`speaker.extraArgs\`. An environment variable counts where the flag is not given. A wrong flag ends the process with exit code 2
and a line that names it; \`--help\` prints this list.`

/** Writes the reference of the flags as Markdown: a table for each process. */
export function flagsPage(tables: readonly FlagTable[]): string {
  const sections = tables.map(({ process, what, flags }) =>
    [
      `## ${process}`,
      what,
      ['| flag | default | environment | meaning |', '|---|---|---|---|', ...Object.entries(flags).map(row)].join('\n'),
    ].join('\n\n'),
  )
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`
}

function row([name, flag]: [string, Flag]): string {
  const shown = `\`--${name}${flag.value ? ` ${flag.value}` : ''}\``
  const meaning = flag.help + (flag.multiple ? '; repeatable' : '')
  const cells = [shown, flag.default && `\`${flag.default}\``, flag.env && `\`${flag.env}\``, meaning]
  return `| ${cells.map(cell => (cell ?? '').replaceAll('|', '\\|')).join(' | ')} |`
}

import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../../lab/paths.ts'
import { IpFamily } from '../../lab/topology.ts'
import { readJunit, type SuiteReport, writeJunit } from './junit.ts'
import { Mode } from './options.ts'
import { conformancePage, type PageColumn } from './page.ts'

const docs = join(repository, 'docs')
const titles = { bgp: 'BGP', layer2: 'Layer 2', ipv4: 'IPv4', ipv6: 'IPv6' }

/** e.g. "BGP, IPv4" */
export const titleOf = (mode: Mode, family: IpFamily) => `${titles[mode]}, ${titles[family]}`

/** Writes the report of a whole run, and the page anew. */
export async function publish(mode: Mode, family: IpFamily, report: SuiteReport): Promise<void> {
  await mkdir(join(docs, 'conformance'), { recursive: true })
  await writeFile(join(docs, fileOf(mode, family)), writeJunit(`Herald, ${titleOf(mode, family)}`, report))
  await writePage()
}

/** Writes the page from the reports that are there. */
export async function writePage(): Promise<void> {
  const columns: PageColumn[] = []
  for (const mode of Object.values(Mode)) {
    for (const family of Object.values(IpFamily)) {
      const file = fileOf(mode, family)
      if (!existsSync(join(docs, file))) continue
      columns.push({
        title: titleOf(mode, family),
        family,
        file,
        report: readJunit(await readFile(join(docs, file), 'utf8')),
      })
    }
  }
  await writeFile(join(docs, 'conformance.md'), conformancePage(columns))
}

/** Relative to the page. */
const fileOf = (mode: Mode, family: IpFamily) => `conformance/${mode}-${family}.xml`

/** Tables of nftables that a run makes: on nodes, and on the switch. */
export const faultTables = {
  apiProxy: 'inet herald-chaos-api',
  strays: 'inet herald-chaos-strays',
  partition: 'bridge herald-chaos-partition',
} as const

/** The script that deletes a table, whether or not there is one. */
export const deleteTable = (table: string) => `add table ${table}; delete table ${table}`

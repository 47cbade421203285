/** A metav1.Time as the API server writes it: RFC 3339, in whole seconds. @param ms since 1970 */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

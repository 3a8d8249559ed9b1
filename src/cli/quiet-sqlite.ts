/** Node 24 warns that node:sqlite may change; this program is tested with the versions it runs on. */
export function silenceExperimentalSqlite(): void {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const isSqlite = typeof warning === 'string' && warning.startsWith('SQLite is an experimental')
    if (!isSqlite) Reflect.apply(emitWarning, process, [warning, ...rest])
  }) as typeof process.emitWarning
}

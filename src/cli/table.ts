import { printable } from './terminal.ts'

const GAP = '  '

/** Rows under headings, in columns as wide as their content. Numbers are aligned right. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cells = rows.map((row) => row.map((cell) => printable(String(cell))))
  const widths = headings.map((heading, column) =>
    cells.reduce((width, row) => Math.max(width, length(row[column] ?? '')), heading.length),
  )
  const isNumeric = headings.map((_, column) => rows.some((row) => typeof row[column] === 'number'))
  const printRow = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat(Math.max(0, (widths[column] ?? 0) - length(cell)))
        return isNumeric[column] ? padding + cell : cell + padding
      })
      .join(GAP)
      .trimEnd()
  return `${[headings, ...cells].map(printRow).join('\n')}\n`
}

/** In characters, not in UTF-16 units. */
function length(text: string): number {
  return [...text].length
}

export type Cell = string
type Column = readonly [title: string, width: number, align: 'left' | 'right']

/** A Markdown table that is printed line by line, so its columns' widths are given beforehand. */
export class Table {
  readonly #columns: readonly Column[]

  constructor(columns: readonly Column[]) {
    this.#columns = columns
  }

  head(): string {
    const rules = this.#columns.map(([, width, align]) =>
      align === 'left' ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
    )
    return this.row(this.#columns.map(([title]) => title)) + this.row(rules)
  }

  row(cells: readonly Cell[]): string {
    const padded = this.#columns.map(([, width, align], i) => {
      const cell = cells[i] ?? ''
      return align === 'left' ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${padded.join(' | ')} |\n`
  }
}

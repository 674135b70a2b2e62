import { sharesOf, type Gap, type Script, type Template, type Time, type Value } from './script.ts'

/** What `pgbench` needs to repeat a script: its own file, a table, and variables on its command. */
export interface PgbenchScript {
  readonly text: string
  /** Columns of text, a row for each variant, counted from 0 in the column `k`. */
  readonly table: { readonly columns: number; readonly rows: readonly (readonly string[])[] }
  readonly constants: Readonly<Record<string, string>>
}

/** The table in which the parameters that differ between variants stand. */
export const variantTable = 'bench.variants'

export interface PgbenchOptions {
  /** How many clients share the variants out among themselves; 1 if each may take any. */
  readonly shares: number
}

/**
 * The same SQL texts with a variable in place of each placeholder. pgbench cannot put texts
 * together itself, so that one statement more, at the beginning, makes all that is new.
 */
export function pgbenchScript(script: Script, { shares }: PgbenchOptions): PgbenchScript {
  const variables = new Variables(script)
  const statements = script.steps.map(({ sql }, step) => variables.inPlaceOf(sql, step))
  const { count, size } = sharesOf(script, shares)
  const choice = `\\set k (:client_id % ${count}) * ${size} + random(0, ${size - 1})`
  const lines = [choice, variables.preparation(), ...inPipelines(script, statements)]
  const rows = script.variants.map((_, variant) => variables.rowOf(variant))
  return {
    text: `${lines.join('\n')}\n`,
    table: { columns: rows[0]?.length ?? 0, rows },
    constants: variables.constants,
  }
}

function inPipelines({ steps }: Script, statements: readonly string[]): string[] {
  return statements.flatMap((sql, index) => {
    const isJoined = steps[index]?.joined ?? false
    const isFollowed = steps[index + 1]?.joined ?? false
    return [
      ...(isFollowed && !isJoined ? ['\\startpipeline'] : []),
      `${sql};`,
      ...(isJoined && !isFollowed ? ['\\endpipeline'] : []),
    ]
  })
}

interface Computed {
  readonly name: string
  readonly expression: string
}

/** A column of the table: the value of each variant. */
interface Column {
  readonly values: readonly Value[]
  readonly hasGaps: boolean
}

/** Gives each parameter a variable; those that are always equal share one. */
class Variables {
  readonly constants: Record<string, string> = {}
  readonly #script: Script
  readonly #constantNames = new Map<string, string>()
  readonly #computed = new Map<string, Computed>()
  readonly #columns: Column[] = []
  readonly #offsets: number[] = []

  constructor(script: Script) {
    this.#script = script
  }

  inPlaceOf(sql: string, step: number): string {
    return sql.replaceAll(/\$(\d+)/g, (_, number: string) => this.#place(step, Number(number) - 1))
  }

  #place(step: number, param: number): string {
    const values = this.#script.variants.map(({ params }) => params[step]?.[param])
    const [first] = values
    if (first === undefined) throw new Error(`statement ${step + 1} lacks a parameter`)
    const isAlways = values.every((value) => JSON.stringify(value) === JSON.stringify(first))
    // A variable of pgbench cannot be NULL, so that this one stands in the text.
    if (isAlways && first === null) return 'null'
    if (isAlways && typeof first !== 'object') return `:${this.#constant(String(first))}`
    return `:${this.#compute(values as readonly Value[], isAlways)}`
  }

  #constant(text: string): string {
    const name = this.#constantNames.get(text) ?? `c${this.#constantNames.size}`
    this.#constantNames.set(text, name)
    this.constants[name] = text
    return name
  }

  #compute(values: readonly Value[], isAlways: boolean): string {
    const key = JSON.stringify(values)
    const known = this.#computed.get(key)
    if (known) return known.name
    const [first] = values
    const expression = isAlways && isSimple(first) ? this.#simple(first) : this.#format(values)
    const computed = { name: `v${this.#computed.size}`, expression }
    this.#computed.set(key, computed)
    return computed.name
  }

  #simple(value: Time | Template): string {
    const gap = 'pieces' in value ? (value.pieces[0] as Gap) : value
    return 'id' in gap ? `i${gap.id}` : `now + ${gap.afterMs}`
  }

  #format(values: readonly Value[]): string {
    if (values.includes(null)) throw new Error('a parameter is NULL now and then')
    const column = `p${this.#columns.length}`
    const hasGaps = values.some((value) => typeof value === 'object')
    this.#columns.push({ values, hasGaps })
    for (const value of values) this.#noteOffsets(value)
    // Only what has gaps costs a format().
    return hasGaps ? `(${column})` : column
  }

  #noteOffsets(value: Value): void {
    if (value === null || typeof value !== 'object') return
    for (const piece of 'pieces' in value ? value.pieces : [value]) {
      if (typeof piece === 'string' || 'id' in piece) continue
      if (!this.#offsets.includes(piece.afterMs)) this.#offsets.push(piece.afterMs)
    }
  }

  /** The statement that computes all variables. */
  preparation(): string {
    const { idCount } = this.#script
    const ids = Array.from({ length: idCount }, (_, id) => `uuidv7()::text as i${id}`)
    const now = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now'
    const texts = [
      ...Array.from({ length: idCount }, (_, id) => `i${id}`),
      ...this.#offsets.map((offset) => `now + ${offset}`),
    ].join(', ')
    const columns = [...this.#computed.values()].map(({ name, expression }) => {
      const filled = expression.replace(/^\((p\d+)\)$/, `format($1, ${texts})`)
      return `${filled} as ${name}`
    })
    return (
      `with fresh as materialized (select ${[...ids, now].join(', ')}) ` +
      `select ${columns.join(', ')} from fresh, ${variantTable} where k = :k \\gset`
    )
  }

  rowOf(variant: number): string[] {
    return this.#columns.map(({ values, hasGaps }) => {
      const value = values[variant] ?? null
      return hasGaps ? this.#formatText(value) : String(value)
    })
  }

  #formatText(value: Value): string {
    const gaps = value !== null && typeof value === 'object' ? value : String(value)
    const pieces = typeof gaps === 'object' && 'pieces' in gaps ? gaps.pieces : [gaps]
    return pieces
      .map((piece) => {
        if (typeof piece === 'string') return piece.replaceAll('%', '%%')
        const at =
          'id' in piece ? piece.id : this.#script.idCount + this.#offsets.indexOf(piece.afterMs)
        return `%${at + 1}$s`
      })
      .join('')
  }
}

/** Nothing but a gap. */
function isSimple(value: Value | undefined): value is Time | Template {
  if (value === undefined || value === null || typeof value !== 'object') return false
  return 'afterMs' in value || (value.pieces.length === 1 && typeof value.pieces[0] === 'object')
}

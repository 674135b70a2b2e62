import type { ContentLine, DocumentContent, Party } from '../content.ts'
import type { PackingSlip } from '../slip.ts'
import {
  bottom,
  contentWidth,
  margin,
  pageHeight,
  pageWidth,
  Sheet,
  type Placing,
} from './sheet.ts'

/** What is printed: one document, or the packing slips of several orders in one file. */
export type PrintJob =
  | { readonly kind: 'document'; readonly content: DocumentContent }
  | { readonly kind: 'slips'; readonly slips: readonly PackingSlip[] }

/** The PDF of a job. The same job gives the same bytes: it knows no time but its own. */
export function print(job: PrintJob, fonts: readonly string[]): Promise<Buffer> {
  return job.kind === 'document' ? printDocument(job.content, fonts) : printSlips(job.slips, fonts)
}

const titles = { invoice: 'Invoice', credit_note: 'Credit note' } as const
const dayOf = (time: string) => time.slice(0, 10)

function printDocument(content: DocumentContent, fonts: readonly string[]): Promise<Buffer> {
  const title = `${titles[content.kind]} ${content.number}`
  const sheet = new Sheet({ title, at: new Date(content.issued_at), fonts })
  sheet.line(content.seller.name, { size: 14, isBold: true })
  for (const line of content.seller.address) sheet.line(line)
  sheet.y += 24
  const top = sheet.y
  printParty(sheet, content.buyer, { width: 250 })
  const left = sheet.y
  sheet.y = top
  printFacts(sheet, factsOf(content))
  sheet.y = Math.max(left, sheet.y) + 24
  sheet.line(title, { size: 16, isBold: true })
  if (content.reason !== null) sheet.line(`Reason: ${content.reason}`)
  sheet.y += 10
  printTable(sheet, { columns: amountColumns(content), rows: content.lines })
  printSums(sheet, content)
  for (const note of notesOf(content)) sheet.line(note)
  const { name, vat_id: vatId, details } = content.seller
  const foot = [name, vatId === null ? undefined : `VAT id ${vatId}`, ...details]
  return finish(sheet, foot.filter((part) => part !== undefined).join(' · '))
}

function printParty(sheet: Sheet, party: Party, placing: Placing): void {
  for (const line of [party.name, ...party.address]) sheet.line(line, placing)
  if (party.vat_id !== null) sheet.line(`VAT id ${party.vat_id}`, placing)
}

type Facts = readonly (readonly [name: string, value: string])[]

function factsOf(content: DocumentContent): Facts {
  const { corrects } = content
  return [
    [`${titles[content.kind]} number`, content.number],
    ['Date', dayOf(content.issued_at)],
    ...(corrects
      ? ([
          ['For invoice', corrects.number],
          ['of', dayOf(corrects.issued_at)],
        ] as const)
      : []),
    ['Order', content.order.reference],
    ['Ordered on', dayOf(content.supplied_at)],
    ['Payment', content.payment_method],
  ]
}

const factsAt = 330

function printFacts(sheet: Sheet, facts: Facts): void {
  for (const [name, value] of facts) {
    const end = sheet.write(name, { x: factsAt, width: 95 })
    sheet.y = Math.max(end, sheet.write(value, { x: factsAt + 100, width: 115 }))
  }
}

interface Column<Row> {
  readonly name: string
  readonly width: number
  readonly align?: 'right'
  text(row: Row): string
}

const describe = (line: { sku: string | null; name: string; options: string }) =>
  [
    line.name,
    line.options === '' ? '' : ` (${line.options})`,
    line.sku ? `\u00a0· ${line.sku}` : '',
  ].join('')

function amountColumns({ kind }: DocumentContent): readonly Column<ContentLine>[] {
  const right = { align: 'right' } as const
  return [
    { name: 'Article', width: 177, text: describe },
    {
      name: 'Quantity',
      width: 60,
      ...right,
      text: ({ quantity }) => (quantity === 0 ? '' : String(quantity)),
    },
    { name: 'Price, net', width: 68, ...right, text: ({ unit_net }) => unit_net },
    { name: 'Tax rate', width: 80, ...right, text: ({ tax_name }) => tax_name },
    { name: 'Tax', width: 50, ...right, text: ({ tax }) => tax },
    {
      name: kind === 'invoice' ? 'Net' : 'Credited',
      width: 60,
      ...right,
      text: ({ net }) => net,
    },
  ]
}

interface Table<Row> {
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
}

/** Goes on over as many pages as it takes, each with the head of the table. */
function printTable<Row>(sheet: Sheet, { columns, rows }: Table<Row>): void {
  printHead(sheet, columns)
  for (const row of rows) {
    const cells = columns.map((column) => column.text(row))
    const heights = cells.map((cell, index) =>
      sheet.heightOf(cell, { width: (columns[index]?.width ?? 0) - gap }),
    )
    if (sheet.y + Math.max(...heights) > bottom) {
      sheet.newPage()
      printHead(sheet, columns)
    }
    printRow(sheet, columns, { cells, isBold: false })
  }
  sheet.y += 2
  sheet.rule()
  sheet.y += 8
}

const gap = 6

function printHead(sheet: Sheet, columns: readonly Column<never>[]): void {
  const cells = columns.map(({ name }) => name)
  printRow(sheet, columns, { cells, isBold: true })
  sheet.rule()
  sheet.y += 4
}

function printRow(
  sheet: Sheet,
  columns: readonly Pick<Column<never>, 'width' | 'align'>[],
  { cells, isBold }: { readonly cells: readonly string[]; readonly isBold: boolean },
): void {
  let x = margin
  let end = sheet.y
  for (const [index, { width, align = 'left' }] of columns.entries()) {
    const placing: Placing = { x, width: width - gap, align, isBold }
    end = Math.max(end, sheet.write(cells[index] ?? '', placing))
    x += width
  }
  sheet.y = end + 3
}

/** By rate and as a whole; kept together on one page. */
function printSums(sheet: Sheet, content: DocumentContent): void {
  const { currency, taxes, credit } = content
  const sums: [string, string, boolean?][] = [
    ...taxes.map(({ name, net, tax }): [string, string] => [`${name} on ${net}`, tax]),
    ['Net', content.net],
    ['Tax', content.tax],
    [content.kind === 'invoice' ? 'Total' : 'Total credited', `${content.total} ${currency}`, true],
    ...(credit === null
      ? []
      : [['of which by gift card or store credit', credit] as [string, string]]),
  ]
  if (sheet.y + sums.length * 14 > bottom) sheet.newPage()
  for (const [name, value, isBold = false] of sums) {
    const end = sheet.write(name, { x: 250, width: 190, align: 'right', isBold })
    const placing = { x: 450, width: contentWidth + margin - 450 - gap, align: 'right' } as const
    sheet.y = Math.max(end, sheet.write(value, { ...placing, isBold })) + 2
  }
  sheet.y += 14
}

function notesOf({ notes, delivery, buyer }: DocumentContent): string[] {
  const to = [delivery.name, ...delivery.address].join(', ')
  const isElsewhere = to !== [buyer.name, ...buyer.address].join(', ')
  return [...notes, ...(isElsewhere ? [`Delivered to: ${to}`] : [])]
}

const footSize = 7

function finish(sheet: Sheet, foot: string): Promise<Buffer> {
  return sheet.finish((page, pages) => {
    sheet.y = pageHeight - 60
    sheet.write(foot, { size: footSize, width: contentWidth - 80 })
    const place = { x: pageWidth - margin - 80, width: 80, align: 'right', size: footSize } as const
    sheet.write(`Page ${page} of ${pages}`, place)
  })
}

function printSlips(slips: readonly PackingSlip[], fonts: readonly string[]): Promise<Buffer> {
  const [first] = slips
  const title = slips.length === 1 ? `Packing slip ${first?.order.reference}` : 'Packing slips'
  const at = new Date(first?.order.placed_at ?? 0)
  const sheet = new Sheet({ title, at, fonts })
  for (const [index, slip] of slips.entries()) {
    if (index > 0) sheet.newPage()
    printSlip(sheet, slip)
  }
  return finish(sheet, first?.sender.name ?? '')
}

function printSlip(sheet: Sheet, { sender, recipient, order, shipping, lines }: PackingSlip): void {
  sheet.line(sender.name, { size: 14, isBold: true })
  for (const line of sender.address) sheet.line(line)
  sheet.y += 24
  const top = sheet.y
  for (const line of recipient) sheet.line(line, { width: 250, size: 11 })
  const left = sheet.y
  sheet.y = top
  printFacts(sheet, [
    ['Order', order.reference],
    ['Ordered on', dayOf(order.placed_at)],
    ['Shipping', shipping],
  ])
  sheet.y = Math.max(left, sheet.y) + 24
  sheet.line('Packing slip', { size: 16, isBold: true })
  sheet.y += 10
  printTable(sheet, {
    columns: [
      { name: 'SKU', width: 130, text: ({ sku }) => sku },
      {
        name: 'Article',
        width: 280,
        text: ({ name, options }) => (options === '' ? name : `${name} (${options})`),
      },
      { name: 'Quantity', width: 80, align: 'right', text: ({ quantity }) => String(quantity) },
    ],
    rows: lines,
  })
}

import { createRequire } from 'node:module'
import Pdf from 'pdfkit'

/** Points: a sheet of A4 is 595.28 × 841.89 of them. */
export const margin = 50
export const pageWidth = 595.28
export const pageHeight = 841.89
export const contentWidth = pageWidth - 2 * margin
/** Where the foot begins. */
export const bottom = pageHeight - 90

export interface Placing {
  readonly x?: number
  readonly width?: number
  readonly align?: 'left' | 'right'
  readonly size?: number
  readonly isBold?: boolean
}

/** What a font of fontkit tells; pdfkit keeps it to itself. */
interface Glyphs {
  hasGlyphForCodePoint(codePoint: number): boolean
}

const fontFile = createRequire(import.meta.url).resolve

/** Sheets of paper, written from top to bottom. */
export class Sheet {
  readonly #pdf: PDFKit.PDFDocument
  readonly #chunks: Buffer[] = []
  readonly #fonts: readonly { readonly name: string; readonly glyphs: Glyphs }[]
  y = margin

  /** `at` is the only time that gets into the file: the same content gives the same bytes. */
  constructor({ title, at, fonts }: { title: string; at: Date; fonts: readonly string[] }) {
    this.#pdf = new Pdf({
      size: 'A4',
      margins: { top: margin, bottom: 0, left: margin, right: margin },
      bufferPages: true,
      info: { Title: title, Creator: 'Cartwright', Producer: 'pdfkit', CreationDate: at },
    })
    this.#pdf.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
    this.#pdf.registerFont('bold', fontFile('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'))
    const files = [fontFile('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'), ...fonts]
    this.#fonts = files.map((file, index) => {
      const name = index === 0 ? 'plain' : `font-${index}`
      this.#pdf.registerFont(name, file)
      return { name, glyphs: this.#glyphsOf(name) }
    })
  }

  #glyphsOf(name: string): Glyphs {
    const { _font } = this.#pdf.font(name) as unknown as { _font: { font: Glyphs } }
    return _font.font
  }

  /** Writes a text at the height of `y`, and says where it ends. */
  write(text: string, placing: Placing = {}): number {
    const { x = margin, width = contentWidth, align = 'left', size = 9, isBold = false } = placing
    const options = { width, align, lineGap: 1 } as const
    const runs = this.#runs(plain(text), isBold)
    this.#pdf.fontSize(size)
    for (const [index, run] of runs.entries()) {
      const continued = index < runs.length - 1
      this.#pdf.font(run.font)
      if (index === 0) this.#pdf.text(run.text, x, this.y, { ...options, continued })
      else this.#pdf.text(run.text, { ...options, continued })
    }
    return this.#pdf.y
  }

  /** Writes a text and goes on below it. */
  line(text: string, placing: Placing = {}): void {
    this.y = this.write(text, placing)
  }

  rule(): void {
    this.#pdf
      .lineWidth(0.5)
      .moveTo(margin, this.y)
      .lineTo(pageWidth - margin, this.y)
      .stroke()
  }

  newPage(): void {
    this.#pdf.addPage()
    this.y = margin
  }

  /** How high a text would stand. */
  heightOf(text: string, { width = contentWidth, size = 9 }: Placing): number {
    this.#pdf.font('plain').fontSize(size)
    return this.#pdf.heightOfString(plain(text), { width, lineGap: 1 })
  }

  /** Writes the foot of every page, and gives back the file. */
  async finish(foot: (page: number, pages: number) => void): Promise<Buffer> {
    const { count } = this.#pdf.bufferedPageRange()
    for (let page = 0; page < count; page++) {
      this.#pdf.switchToPage(page)
      foot(page + 1, count)
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#pdf.once('end', resolve)
    this.#pdf.end()
    await promise
    return Buffer.concat(this.#chunks)
  }

  /** A text in the fonts that have its letters; what none has is written as its code point. */
  #runs(text: string, isBold: boolean): { font: string; text: string }[] {
    const runs: { font: string; text: string }[] = []
    const add = (font: string, piece: string) => {
      const last = runs.at(-1)
      if (last?.font === font) last.text += piece
      else runs.push({ font, text: piece })
    }
    for (const letter of text) {
      const codePoint = letter.codePointAt(0) ?? 0
      const found = this.#fonts.find(({ glyphs }) => glyphs.hasGlyphForCodePoint(codePoint))
      const name = found?.name ?? 'plain'
      const font = isBold && name === 'plain' ? 'bold' : name
      const hex = codePoint.toString(16).toUpperCase().padStart(4, '0')
      add(font, found ? letter : ` U+${hex} `)
    }
    return runs.length === 0 ? [{ font: 'plain', text: '' }] : runs
  }
}

/** One line, composed where it can be; what turns the direction of writing is left out. */
function plain(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/[\p{Cf}\p{Cs}\p{Co}]/gu, '')
}

import type { DecidedOutcome } from '../../src/drivers/payment/driver.ts'
import { shippingCodes, totalsOf, type Terms } from './naive-prices.ts'
import {
  type Acceptance,
  type AddWish,
  type Article,
  type Begun,
  type Cart,
  type CheckoutWish,
  type Key,
  type KeyUse,
  type Line,
  type LineName,
  type Order,
  type Product,
  type ProductStatus,
  type Shopper,
  type Variant,
  mergedLines,
  never,
  ownerOf,
  refusalOf,
  withLine,
} from './state.ts'

const refused = (outcome: string) => ({ kind: 'refused', outcome }) as const

/**
 * What the shop must do, said a second time and as plainly as possible. Each method is one event
 * that happens all at once: it answers as the shop must, and changes nothing when it refuses.
 * Values are never changed in place, so that a copy is cheap.
 */
export class Model {
  readonly terms: Terms
  now = 0
  readonly products = new Map<string, Product>()
  readonly variants = new Map<string, Variant>()
  readonly carts = new Map<number, Cart>()
  readonly orders = new Map<number, Order>()
  readonly keys = new Map<string, Key>()
  readonly accounts = new Set<string>()
  readonly announced = new Map<string, number>()
  #lastCart = 0
  #lastLine = 0
  #lastOrder = 1_000

  constructor(terms: Terms) {
    this.terms = terms
  }

  copy(): Model {
    const copy = new Model(this.terms)
    copy.now = this.now
    for (const name of ['products', 'variants', 'carts', 'orders', 'keys', 'announced'] as const) {
      const into = copy[name] as Map<unknown, unknown>
      for (const [key, value] of this[name]) into.set(key, value)
    }
    for (const name of this.accounts) copy.accounts.add(name)
    copy.#lastCart = this.#lastCart
    copy.#lastLine = this.#lastLine
    copy.#lastOrder = this.#lastOrder
    return copy
  }

  cartOf(shopper: Shopper): Cart | undefined {
    return this.#cartNamed(ownerOf(shopper))
  }

  #cartNamed(owner: string): Cart | undefined {
    for (const cart of this.carts.values()) if (cart.owner === owner) return cart
    return undefined
  }

  /** Gives a session's cart to the customer; returns why not. */
  merge({ customer, session }: Shopper): string | undefined {
    if (customer === undefined || session === undefined) return undefined
    const guest = this.#cartNamed(`session ${session}`)
    if (guest?.status !== 'open') return undefined
    const own = this.#cartNamed(`customer ${customer}`)
    if (!own && !this.accounts.has(customer)) return 'INVALID_TOKEN'
    if (own && own.status !== 'open') return 'CART_LOCKED'
    if (own) {
      this.carts.delete(guest.id)
      this.#change(own, mergedLines(own.lines, guest.lines))
    } else {
      const owner = `customer ${customer}`
      this.carts.set(guest.id, { ...guest, owner, version: guest.version + 1 })
    }
    return undefined
  }

  #change(cart: Cart, lines: readonly Line[]): Cart {
    const expiresAt = this.now + this.terms.cartMs
    const changed = { ...cart, lines, expiresAt, version: cart.version + 1 }
    this.carts.set(cart.id, changed)
    return changed
  }

  add(shopper: Shopper, item: AddWish): string {
    const sku = this.#choose(item.article)
    const variant = this.variants.get(sku)
    if (!variant) return sku
    const status = this.#statusOf(variant)
    // Of a draft nobody is to know yet.
    if (status !== 'active') return status === 'draft' ? 'NOT_FOUND' : `PRODUCT_UNAVAILABLE ${sku}`
    const known = this.cartOf(shopper)
    if (!known && shopper.customer !== undefined && !this.accounts.has(shopper.customer)) {
      return 'INVALID_TOKEN'
    }
    const cart = known ?? this.#newCart(shopper)
    // Who has no cart yet has seen version 0 of it.
    const refusal = known || item.version !== 0 ? refusalOf(cart, item.version) : undefined
    if (refusal !== undefined) return refusal
    const old = cart.lines.find((line) => line.sku === sku)
    const quantity = (old?.quantity ?? 0) + item.quantity
    const left = variant.onHand - variant.reserved
    if (quantity > left) return `INSUFFICIENT_STOCK ${sku} ${left}`
    const number = old?.number ?? this.#lastLine + 1
    const line = { number, sku, quantity, told: variant.price }
    this.#lastCart = Math.max(this.#lastCart, cart.id)
    this.#lastLine = Math.max(this.#lastLine, number)
    return this.#shown(this.#change(cart, withLine(cart.lines, line)))
  }

  #newCart(shopper: Shopper): Cart {
    const [id, owner] = [this.#lastCart + 1, ownerOf(shopper)]
    return { id, owner, status: 'open', version: 1, expiresAt: 0, wasOrdered: false, lines: [] }
  }

  /** The SKU to buy, or why there is none. */
  #choose(article: Article): string {
    if ('sku' in article) return this.variants.has(article.sku) ? article.sku : 'NOT_FOUND'
    const skus = this.products.get(article.product)?.skus ?? []
    if (skus.length > 1 && !article.anyVariant) return 'VARIANT_REQUIRED'
    return skus.find((sku) => this.#left(sku) > 0) ?? skus[0] ?? 'NOT_FOUND'
  }

  #left(sku: string): number {
    const { onHand, reserved } = this.#variant(sku)
    return onHand - reserved
  }

  #variant(sku: string): Variant {
    const variant = this.variants.get(sku)
    if (!variant) throw new Error(`the model has no ${sku}`)
    return variant
  }

  #statusOf({ product }: Variant): ProductStatus | undefined {
    return this.products.get(product)?.status
  }

  set(
    shopper: Shopper,
    item: { at: LineName; quantity: number; version: number | undefined },
  ): string {
    const cart = this.cartOf(shopper)
    if (!cart) return 'NOT_FOUND'
    const refusal = refusalOf(cart, item.version)
    if (refusal !== undefined) return refusal
    const { at, quantity } = item
    const found = cart.lines.filter((line) =>
      'line' in at ? line.number === at.line : this.#variant(line.sku).product === at.product,
    )
    const [line] = found
    if (!line) return 'NOT_FOUND'
    if (found.length > 1) return 'AMBIGUOUS_ITEM'
    const left = this.#left(line.sku)
    if (quantity > left && quantity > 0) return `INSUFFICIENT_STOCK ${line.sku} ${left}`
    const told = this.#variant(line.sku).price
    const lines = withLine(cart.lines, { ...line, quantity, told })
    return this.#shown(this.#change(cart, lines))
  }

  clear(shopper: Shopper, version: number | undefined): string {
    const cart = this.cartOf(shopper)
    if (!cart) return 'v0 empty = 0'
    return refusalOf(cart, version) ?? this.#shown(this.#change(cart, []))
  }

  look(shopper: Shopper): string {
    const cart = this.cartOf(shopper)
    if (!cart) return 'open v0 empty = 0'
    const problems = cart.lines.flatMap((line) => this.#problemsOf(line))
    return [`${cart.status} ${this.#shown(cart)}`, ...problems].join(' ! ')
  }

  #problemsOf({ sku, quantity, told }: Line): string[] {
    const variant = this.#variant(sku)
    if (this.#statusOf(variant) !== 'active') return [`PRODUCT_UNAVAILABLE ${sku}`]
    return [
      ...(quantity > this.#left(sku) ? [`INSUFFICIENT_STOCK ${sku}`] : []),
      ...(told === variant.price ? [] : [`PRICE_CHANGED ${sku}`]),
    ]
  }

  /** What a shopper sees of a cart: priced as it is now, with the first shipping method. */
  #shown({ version, lines }: Cart): string {
    const priced = lines.map((line) => ({ ...line, price: this.#variant(line.sku).price }))
    const { total } = totalsOf(this.terms, priced, 'standard')
    const texts = lines.map(({ sku, quantity }) => `${quantity}×${sku}`)
    return `v${version} ${texts.join(' ') || 'empty'} = ${lines.length === 0 ? 0 : total}`
  }

  /** Runs a piece of work at most once for its key: what succeeded is answered again. */
  once(key: KeyUse | undefined, work: () => string): string {
    const known = key && this.#liveKey(key)
    if (known && known.body !== key?.body) return 'IDEMPOTENCY_KEY_REUSED'
    if (known) return `${known.reply} again`
    const outcome = work()
    const isRefusal = /^[A-Z]/.test(outcome)
    if (key && !isRefusal) this.#keep(key, { reply: `201 ${outcome}` })
    return isRefusal ? outcome : `201 ${outcome}`
  }

  #liveKey({ claim }: KeyUse): Key | undefined {
    const key = this.keys.get(claim)
    return key && key.until > this.now ? key : undefined
  }

  #keep({ claim, body }: KeyUse, { reply, order }: { reply?: string; order?: number }): void {
    this.keys.set(claim, { body, order, reply, until: this.now + this.terms.keyMs })
  }

  begin(wish: CheckoutWish): Begun {
    const { key } = wish
    const known = key && this.#liveKey(key)
    if (known && known.body !== key?.body) return refused('IDEMPOTENCY_KEY_REUSED')
    if (known?.reply !== undefined) return { kind: 'answered', outcome: `${known.reply} again` }
    if (known?.order !== undefined) return { kind: 'pending', order: known.order, isResumed: true }
    const cart = this.cartOf(wish.shopper)
    if (!cart) return refused('CART_EMPTY')
    return this.#refusalOf(cart, wish) ?? this.#place(cart, wish)
  }

  #refusalOf(cart: Cart, wish: CheckoutWish): Begun | undefined {
    const { version, status, lines } = cart
    if (wish.version !== undefined && wish.version !== version) {
      return refused(`VERSION_CONFLICT ${version}`)
    }
    if (status !== 'open') return refused('CART_LOCKED')
    if (lines.length === 0) return refused('CART_EMPTY')
    const gone = lines.find(({ sku }) => this.#statusOf(this.#variant(sku)) !== 'active')
    if (gone) return refused(`PRODUCT_UNAVAILABLE ${gone.sku}`)
    const changed = lines.filter(({ sku, told }) => this.#variant(sku).price !== told)
    if (changed.length > 0) {
      const skus = changed.map(({ sku }) => sku)
      const prices = new Map(changed.map(({ number, sku }) => [number, this.#variant(sku).price]))
      const outcome = `PRICE_CHANGED ${skus.join(',')}`
      return { kind: 'told', outcome, accept: { cart: cart.id, prices } }
    }
    if (!shippingCodes.includes(wish.shipping ?? 'standard')) {
      return refused('UNKNOWN_SHIPPING_METHOD')
    }
    if (!wish.hasEmail) return refused('EMAIL_REQUIRED')
    const short = lines
      .filter(({ sku, quantity }) => quantity > this.#left(sku))
      .toSorted((a, b) => (a.sku < b.sku ? -1 : 1))[0]
    return short && refused(`INSUFFICIENT_STOCK ${short.sku} ${this.#left(short.sku)}`)
  }

  #place(cart: Cart, wish: CheckoutWish): Begun {
    const number = ++this.#lastOrder
    const lines = cart.lines.map((line) => ({ ...line, price: line.told }))
    this.#reserve(lines, 1)
    const version = cart.version + 1
    this.carts.set(cart.id, { ...cart, status: 'checkout', wasOrdered: true, version })
    this.orders.set(number, {
      customer: wish.shopper.customer,
      cart: cart.id,
      status: 'pending_payment',
      payment: 'pending',
      failure: '',
      checkAt: this.now + this.terms.reconcileMs,
      hold: 'active',
      holdUntil: this.now + this.terms.holdMs,
      lines,
      totals: totalsOf(this.terms, lines, wish.shipping ?? 'standard'),
    })
    if (wish.key) this.#keep(wish.key, { order: number })
    // Nothing to pay: nobody is asked for it.
    const isFree = this.order(number).totals.total === 0n
    const isAsked = wish.payment !== 'manual' && !isFree
    if (isAsked) return { kind: 'pending', order: number, isResumed: false }
    this.settle(number, isFree ? { kind: 'captured', reference: '' } : { kind: 'due' })
    return { kind: 'answered', outcome: this.answer(number, wish.key) }
  }

  #reserve(lines: readonly Line[], sign: 1 | -1): void {
    for (const { sku, quantity } of lines) {
      const variant = this.#variant(sku)
      this.variants.set(sku, { ...variant, reserved: variant.reserved + sign * quantity })
    }
  }

  /** The shopper has been told these prices: the next checkout may charge them. */
  accept({ cart: id, prices }: Acceptance): void {
    const cart = this.carts.get(id)
    if (!cart) return
    const told = (line: Line) => prices.get(line.number) ?? line.told
    const lines = cart.lines.map((line) => ({ ...line, told: told(line) }))
    this.carts.set(id, { ...cart, lines })
  }

  order(number: number): Order {
    const order = this.orders.get(number)
    if (!order) throw new Error(`the model has no order ${number}`)
    return order
  }

  #amend(number: number, change: Partial<Order>): void {
    this.orders.set(number, { ...this.order(number), ...change })
  }

  /** Applies what the provider says; `gone` if the stock that ran out cannot be had again. */
  settle(number: number, outcome: DecidedOutcome): 'done' | 'gone' {
    const { payment, hold, lines } = this.order(number)
    if (payment === 'failed' && outcome.kind === 'captured') this.#oweRefund(number)
    if (payment !== 'pending') return 'done'
    if (outcome.kind === 'failed') {
      this.#cancel(number)
      const isAbsent = outcome.code === 'never_arrived'
      const checkAt = isAbsent ? this.now + this.terms.holdMs : never
      this.#amend(number, { payment: 'failed', failure: outcome.code, checkAt })
      this.#announce('payment_failed')
      return 'done'
    }
    if (hold === 'released') {
      if (lines.some(({ sku, quantity }) => quantity > this.#left(sku))) return 'gone'
    } else this.#reserve(lines, -1)
    for (const { sku, quantity } of lines) this.receive(sku, -quantity)
    const status = outcome.kind === 'captured' ? 'paid' : 'placed'
    this.#amend(number, { status, payment: outcome.kind, checkAt: never, hold: 'sold' })
    this.carts.delete(this.order(number).cart)
    this.#announce('placed')
    return 'done'
  }

  /** The money has come and the stock is gone: it goes back. */
  giveBack(number: number): void {
    if (this.order(number).payment !== 'pending') return
    this.#cancel(number)
    this.#oweRefund(number)
  }

  #oweRefund(number: number): void {
    this.#amend(number, { payment: 'refund_due', checkAt: this.now })
    this.#announce('refund_due')
  }

  #cancel(number: number): void {
    const { cart: id, hold, lines } = this.order(number)
    if (hold === 'active') this.#reserve(lines, -1)
    this.#amend(number, { status: 'cancelled', hold: 'released' })
    const cart = this.carts.get(id)
    if (cart) this.carts.set(id, { ...cart, status: 'open', version: cart.version + 1 })
  }

  /**
   * What the shopper hears of an order. The first answer given for a key is given again to all who
   * use it; an order can only answer for a key that has not gone on to another order.
   */
  answer(number: number, key: KeyUse | undefined): string {
    const { status, payment, failure, totals } = this.order(number)
    const known = key && this.keys.get(key.claim)
    const held = known?.order === number ? known : undefined
    const isOpen = held !== undefined && held.reply === undefined
    if (payment === 'failed' && (failure === 'provider_error' || failure === 'never_arrived')) {
      if (isOpen) this.keys.delete(key?.claim ?? '')
      return 'PAYMENT_UNAVAILABLE'
    }
    const isRefunded = payment === 'refund_due' || payment === 'refunded'
    const declined = isRefunded ? '409 PAYMENT_REFUNDED' : '422 PAYMENT_DECLINED'
    const placed = `201 order ${number} ${status} ${totals.total}`
    const reply = isRefunded || payment === 'failed' ? declined : placed
    if (held?.reply !== undefined) return `${held.reply} again`
    if (isOpen && key) this.keys.set(key.claim, { ...held, reply })
    return reply
  }

  #announce(topic: string): void {
    this.announced.set(topic, (this.announced.get(topic) ?? 0) + 1)
  }

  due(): number[] {
    return [...this.orders].flatMap(([number, { payment, checkAt }]) =>
      ['pending', 'failed', 'refund_due'].includes(payment) && checkAt <= this.now ? [number] : [],
    )
  }

  /** Puts the next look off; those that somebody else has put off meanwhile are not ours. */
  take(listed: readonly number[]): number[] {
    const taken = listed.filter((number) => this.order(number).checkAt <= this.now)
    for (const number of taken) {
      this.#amend(number, { checkAt: this.now + this.terms.reconcileMs })
    }
    return taken
  }

  /** Money that has not come by now is not waited for; what has come must still go back. */
  giveUp(number: number): void {
    if (this.order(number).payment === 'failed') this.#amend(number, { checkAt: never })
  }

  noteRefund(number: number): void {
    if (this.order(number).payment !== 'refund_due') return
    this.#amend(number, { payment: 'refunded', checkAt: never })
    this.#announce('refunded')
  }

  /** Orders whose reservation has run out, oldest first. */
  expired(): number[] {
    return [...this.orders]
      .filter(([, { hold, holdUntil }]) => hold === 'active' && holdUntil <= this.now)
      .toSorted(([a, first], [b, second]) => first.holdUntil - second.holdUntil || a - b)
      .map(([number]) => number)
  }

  expire(number: number): void {
    const { hold, holdUntil, lines } = this.order(number)
    if (hold !== 'active' || holdUntil > this.now) return
    this.#reserve(lines, -1)
    this.#amend(number, { hold: 'released' })
  }

  sweep(): void {
    for (const [claim, { until }] of this.keys) if (until <= this.now) this.keys.delete(claim)
    for (const [id, { status, expiresAt, wasOrdered }] of this.carts) {
      if (status === 'open' && expiresAt <= this.now && !wasOrdered) this.carts.delete(id)
    }
  }

  adjust(sku: string, quantity: number): string {
    const variant = this.variants.get(sku)
    if (!variant) return 'NOT_FOUND'
    const { onHand, reserved } = variant
    if (onHand + quantity < reserved) return `INSUFFICIENT_STOCK ${sku} ${onHand - reserved}`
    this.receive(sku, quantity)
    return `${onHand + quantity} on hand, ${reserved} reserved`
  }

  receive(sku: string, quantity: number): void {
    const variant = this.#variant(sku)
    this.variants.set(sku, { ...variant, onHand: variant.onHand + quantity })
  }

  /** Every change of a product counts its version up; returns why it is refused. */
  #bump(name: string, version: number | undefined): string | undefined {
    const product = this.products.get(name)
    if (!product) return 'NOT_FOUND'
    if (version !== undefined && version !== product.version) {
      return `VERSION_CONFLICT ${product.version}`
    }
    this.products.set(name, { ...product, version: product.version + 1 })
    return undefined
  }

  reprice(sku: string, change: { price: bigint; version: number | undefined }): string {
    const variant = this.#variant(sku)
    const refusal = this.#bump(variant.product, change.version)
    if (refusal !== undefined) return refusal
    this.variants.set(sku, { ...variant, price: change.price })
    return 'done'
  }

  restate(name: string, change: { status: ProductStatus; version: number | undefined }): string {
    const refusal = this.#bump(name, change.version)
    const product = this.products.get(name)
    if (refusal !== undefined || !product) return refusal ?? 'NOT_FOUND'
    this.products.set(name, { ...product, status: change.status })
    return 'done'
  }

  addProduct(name: string): void {
    this.products.set(name, { status: 'active', version: 1, skus: [] })
  }

  addVariant(name: string, given: { sku: string; price: bigint; onHand: number }): string {
    if (this.variants.has(given.sku)) return 'ALREADY_EXISTS'
    const refusal = this.#bump(name, undefined)
    if (refusal !== undefined) return refusal
    this.stock(name, given)
    return 'done'
  }

  stock(name: string, { sku, price, onHand }: { sku: string; price: bigint; onHand: number }) {
    const product = this.products.get(name)
    if (!product) throw new Error(`the model has no product ${name}`)
    this.variants.set(sku, { product: name, price, onHand, reserved: 0 })
    this.products.set(name, { ...product, skus: [...product.skus, sku] })
  }

  closeAccount(name: string): string {
    if (!this.accounts.delete(name)) return 'NOT_FOUND'
    const cart = this.#cartNamed(`customer ${name}`)
    if (cart?.status === 'open') this.carts.delete(cart.id)
    else if (cart) this.carts.set(cart.id, { ...cart, owner: 'nobody' })
    return 'done'
  }
}

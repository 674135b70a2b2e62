import { formatMinor, type Minor } from '../../core/money.ts'
import { explainPrice } from '../../core/pricing/price-lists.ts'
import { taxesOn, untaxedClass } from '../../core/pricing/tax.ts'
import { percentText } from '../../core/ratio.ts'
import { questionOf, type BasketRow, type PricedBasket } from './basket.ts'

/**
 * How a basket was priced, as it is kept with its order: the taxes, the discounts and every rule
 * that was tried. Amounts are decimals in the currency of the basket.
 */
export function pricingRecord(basket: PricedBasket<BasketRow>) {
  const { priced, currency, destination, tax, at, codes } = basket
  const money = (amount: Minor) => formatMinor(amount, currency)
  return {
    at: new Date(at).toISOString(),
    currency,
    destination: {
      country: destination.country ?? null,
      region: destination.region ?? null,
      postal_code: destination.postcode ?? null,
    },
    tax: {
      zone: tax.zone.code,
      name: tax.zone.name,
      prices_include_tax: tax.zone.isInclusive,
      rounding: tax.zone.rounding,
      round_per: tax.zone.roundPer,
      exemption: tax.exemption ?? null,
      taxes: priced.taxes.map(({ name, rate, amountMinor, taxMinor }) => ({
        name,
        percent: percentText(rate),
        amount: money(amountMinor),
        tax: money(taxMinor),
      })),
    },
    shipping_taxes: taxesOf(basket, tax.zone.shippingClass ?? untaxedClass),
    lines: basket.rows.map((row, index) => ({
      line: row.number,
      variant_id: row.variant_id,
      tax_class: taxClassOf(row),
      taxes: taxesOf(basket, taxClassOf(row)),
      price_list: basket.prices[index]?.list?.name ?? null,
      min_quantity: basket.prices[index]?.minQuantity ?? 1,
    })),
    codes: codes.map(({ code, promotionId }) => ({ code, promotion_id: promotionId || null })),
    discounts: priced.discounts.map((discount) => ({
      promotion_id: discount.promotionId,
      name: discount.name,
      amount: money(discount.amountMinor),
      shipping: money(discount.shippingMinor),
      lines: discount.linesMinor.flatMap((amount, index) => {
        const line = basket.rows[index]?.number ?? 0
        return amount === 0 ? [] : [{ line, amount: money(amount) }]
      }),
    })),
    rules: priced.trials.map((trial) => ({
      promotion_id: trial.promotionId,
      name: trial.name,
      applied: trial.isApplied,
      reason: trial.reason ?? null,
      refused_by: trial.by ?? null,
      amount: money(trial.amountMinor),
    })),
  }
}

const taxClassOf = ({ kind, tax_class }: BasketRow) =>
  kind === 'gift_card' ? untaxedClass : tax_class

function taxesOf({ tax }: PricedBasket<BasketRow>, taxClass: string) {
  const taxes = taxesOn(tax, taxClass)
  return taxes.map(({ name, rate }) => ({ name, percent: percentText(rate) }))
}

export type PricingRecord = ReturnType<typeof pricingRecord>

/** The same with what is only worth telling while it can be changed: lists, and ways to ship. */
export function explanation(basket: PricedBasket<BasketRow>) {
  const { settings, priced, currency, facts, rows } = basket
  const money = (amount: Minor) => formatMinor(amount, currency)
  const record = pricingRecord(basket)
  return {
    ...record,
    lines: record.lines.map((line, index) => {
      const row = rows[index]!
      const own = facts.listPrices.filter(({ variantId }) => variantId === row.variant_id)
      const tried = explainPrice(settings.lists, own, questionOf(row, basket))
      return {
        ...line,
        price_lists: tried.map(({ list, reason }) => ({
          name: list.name,
          applied: reason === undefined,
          reason: reason ?? null,
        })),
      }
    }),
    shipping: priced.quotes.map(({ method, priceMinor, discountMinor, reason }) => ({
      code: method.code,
      name: method.name,
      price: priceMinor === undefined ? null : money(priceMinor),
      discount: money(discountMinor),
      reason: reason ?? null,
    })),
  }
}

import { chooseTaxZone, taxRulesOf, type TaxZone } from '../../core/pricing/tax.ts'
import type { TaxProvider, TaxQuestion } from './driver.ts'

/** Tax by the zones and rates that staff keeps in the shop. */
export const tableTax: TaxProvider = {
  code: 'table',
  rulesFor(question) {
    const { zones, fallback, destination, at } = question
    const zone = chooseTaxZone(zones, destination) ?? fallback
    return taxRulesOf(zone, at, question.exemption ?? reverseCharge(zone, question))
  },
}

/**
 * A business in another country that tells its VAT id owes the tax itself (Directive 2006/112/EC,
 * Articles 138 and 196): the id must be of the country the goods go to, and not of the shop's own.
 */
function reverseCharge(
  zone: TaxZone,
  { vatId, destination, homeCountry }: TaxQuestion,
): string | undefined {
  if (!zone.hasReverseCharge || !vatId || homeCountry === undefined) return undefined
  const isAbroad = vatId.country !== homeCountry && vatId.country === destination.country
  return isAbroad ? `VAT id ${vatId.text}` : undefined
}

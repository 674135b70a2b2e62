import { describe } from 'node:test'
import { priceTable } from './table.ts'

// Published examples of tax authorities, each with where it stands. What they round, we round.

describe('Revenu Québec: calculating the taxes', () => {
  // 'https://www.revenuquebec.ca/en/businesses/consumption-taxes/gsthst-and-qst/collecting-gst-and-qst/calculating-the-taxes/'
  // A taxable good for $100: GST $5.00, QST $9.98 (9.975 %, half a cent and more counts as a
  // cent), total $114.98.
  priceTable(
    'CAD',
    `
  lines     promotions  tax             ship | sub     off   tax    ship  total
  1×100.00  -           5%+9.975% excl  -    | 100.00  0.00  14.98  0.00  114.98
  `,
  )
})

describe('Revenu Québec: volume discounts', () => {
  // 'https://www.revenuquebec.ca/en/businesses/consumption-taxes/gsthst-and-qst/special-cases-gsthst-and-qst/volume-discounts/'
  // 10 tables at $150, 40 chairs at $50, 10 % off both: $3,150.00, GST $157.50, QST $314.21,
  // total $3,621.71.
  priceTable(
    'CAD',
    `
  lines               promotions  tax             ship | sub      off     tax     ship  total
  10×150.00 40×50.00  10%         5%+9.975% excl  -    | 3500.00  350.00  471.71  0.00  3621.71
  10×150.00 40×50.00  10% lines   5%+9.975% excl  -    | 3500.00  350.00  471.71  0.00  3621.71
  `,
  )
})

describe('Quebec before 2013: QST on top of GST', () => {
  // Until 31 December 2012 the QST of 9.5 % was levied on the price with the GST (Revenu Québec,
  // above; Retail Council of Canada on the change of 1 January 2013). $100: GST $5.00, QST 9.5 %
  // of $105 = $9.975 = $9.98.
  priceTable(
    'CAD',
    `
  lines     promotions  tax           ship | sub     off   tax    ship  total
  1×100.00  -           5%*9.5% excl  -    | 100.00  0.00  14.98  0.00  114.98
  1×200.00  -           5%*9.5% excl  -    | 200.00  0.00  29.95  0.00  229.95
  `,
  )
})

describe('Government of Canada, Budget 2012: rounding', () => {
  // 'https://www.budget.canada.ca/2012/themes/rounding-arrondissement-eng.html'
  // A coffee for $1.83 and a sandwich for $2.86 are $4.92 after 5 % GST.
  priceTable(
    'CAD',
    `
  lines          promotions  tax      ship | sub   off   tax   ship  total
  1×1.83 1×2.86  -           5% excl  -    | 4.69  0.00  0.23  0.00  4.92
  `,
  )
})

describe('Canada Revenue Agency: GST in Manitoba at the 6 % of 2006', () => {
  // www.cra-arc.gc.ca/tax/business/topics/gst/corporation/taxable/earlypayment-e.html of
  // 2006-07-01 Goods for $100 plus $6 GST; an invoice of $108 already net of the discount is
  // charged on $108.
  priceTable(
    'CAD',
    `
  lines     promotions  tax      ship | sub     off    tax   ship  total
  1×100.00  -           6% excl  -    | 100.00  0.00   6.00  0.00  106.00
  1×118.00  -10         6% excl  -    | 118.00  10.00  6.48  0.00  114.48
  `,
  )
})

describe('Canada Revenue Agency: collect GST/HST', () => {
  // 'http://www.cra-arc.gc.ca/tx/bsnss/tpcs/gst-tps/gnrl/stps/cllct-eng.html'
  // Less than half a cent is rounded down, half a cent and more up; several articles at one rate
  // may be totalled first; GST is calculated on the price without PST.
  priceTable(
    'CAD',
    `
  lines     promotions  tax         ship | sub     off   tax    ship  total
  1×0.09    -           5% excl     -    | 0.09    0.00  0.00   0.00  0.09
  1×0.10    -           5% excl     -    | 0.10    0.00  0.01   0.00  0.11
  3×0.09    -           5% excl     -    | 0.27    0.00  0.01   0.00  0.28
  1×50.00   -           5%+7% excl  -    | 50.00   0.00  6.00   0.00  56.00
  1×100.00  -           13% excl    -    | 100.00  0.00  13.00  0.00  113.00
  `,
  )
})

describe('HM Revenue & Customs: calculating VAT for exclusive and inclusive prices', () => {
  // 'http://www.hmrc.gov.uk/vat/forms-rates/rates/calculating.htm'
  // £100 at 20 %: VAT £20, £120 with it; £100 at 5 %: VAT £5, £105 with it. A price of £120
  // holds 1/6 of it, £20; one of £105 holds 1/21, £5.
  priceTable(
    'GBP',
    `
  lines     promotions  tax       ship | sub     off   tax    ship  total
  1×100.00  -           20% excl  -    | 100.00  0.00  20.00  0.00  120.00
  1×100.00  -           5% excl   -    | 100.00  0.00  5.00   0.00  105.00
  1×120.00  -           20% incl  -    | 120.00  0.00  20.00  0.00  120.00
  1×105.00  -           5% incl   -    | 105.00  0.00  5.00   0.00  105.00
  `,
  )
})

describe('HM Revenue & Customs, VAT Notice 700, 17.5: rounding on invoices', () => {
  // 'https://www.gov.uk/hmrc-internal-manuals/vat-trader-records/vatrec12010'
  // Invoice traders may round the total VAT down to a whole penny; line by line they may round
  // to the nearest penny, not down.
  priceTable(
    'GBP',
    `
  lines                 promotions  tax            ship | sub   off   tax   ship  total
  1×0.99                -           20% excl down  -    | 0.99  0.00  0.19  0.00  1.18
  3×0.99                -           20% excl down  -    | 2.97  0.00  0.59  0.00  3.56
  1×0.99                -           20% excl line  -    | 0.99  0.00  0.20  0.00  1.19
  1×0.99 1×0.99 1×0.99  -           20% excl line  -    | 2.97  0.00  0.60  0.00  3.57
  1×0.99 1×0.99 1×0.99  -           20% excl       -    | 2.97  0.00  0.59  0.00  3.56
  `,
  )
})

describe('New York, Tax Bulletin ST-838: shipping and delivery charges', () => {
  // 'https://www.avalara.com/taxrates/en/blog/2012/05/new-york-taxability-of-shipping-and-delivery-charges.html'
  // Sales tax is computed on $549.95 (appliance, service contract, delivery), on $3,750.00
  // (table, chairs, transport) and on $500.00 (lumber, freight). At 8 %:
  priceTable(
    'USD',
    `
  lines             promotions  tax           ship   | sub      off   tax     ship    total
  1×499.95 1×30.00  -           8% excl ship  20.00  | 529.95   0.00  44.00   20.00   593.95
  1×3500.00         -           8% excl ship  250.00 | 3500.00  0.00  300.00  250.00  4050.00
  1×400.00          -           8% excl ship  100.00 | 400.00   0.00  40.00   100.00  540.00
  `,
  )
})

describe('New York, 20 NYCRR 526.5: receipt', () => {
  // A price of $1,100 at 7 %: $77, total $1,177. A price of 63¢ at 7 %: 4.41¢, which is 4¢ when
  // it is rounded to the nearest cent (the bracket table of the example says 5¢).
  priceTable(
    'USD',
    `
  lines              promotions  tax      ship | sub      off   tax    ship  total
  1×1040.00 1×60.00  -           7% excl  -    | 1100.00  0.00  77.00  0.00  1177.00
  1×0.63             -           7% excl  -    | 0.63     0.00  0.04   0.00  0.67
  1×0.63             -0.12       7% excl  -    | 0.63     0.12  0.04   0.00  0.55
  `,
  )
})

describe('Streamlined Sales and Use Tax Agreement, section 324: rounding rule', () => {
  // Rhode Island General Laws § 44-18.1-25: the tax is carried to the third decimal place and
  // rounded up whenever that is greater than four, on an article or on an invoice basis, for the
  // aggregated state and local taxes. $10.99 at 6.25 % is 0.686875, so $0.69.
  priceTable(
    'USD',
    `
  lines          promotions  tax           ship | sub    off   tax   ship  total
  1×10.99        -           6.25% excl    -    | 10.99  0.00  0.69  0.00  11.68
  1×24.68        -           5% excl       -    | 24.68  0.00  1.23  0.00  25.91
  1×24.70        -           5% excl       -    | 24.70  0.00  1.24  0.00  25.94
  1×24.69        -           5% excl       -    | 24.69  0.00  1.23  0.00  25.92
  1×0.07 1×0.07  -           7% excl       -    | 0.14   0.00  0.01  0.00  0.15
  1×0.07 1×0.07  -           7% excl line  -    | 0.14   0.00  0.00  0.00  0.14
  1×0.08 1×0.08  -           7% excl line  -    | 0.16   0.00  0.02  0.00  0.18
  `,
  )
})

describe('California, CDTFA Publication 113: coupons and discounts', () => {
  // 'https://cdtfa.ca.gov/formspubs/pub113/'
  // What the retailer takes off himself is not taxed: $1 off an article of $10 leaves $9 to tax.
  // At 7.25 %:
  priceTable(
    'USD',
    `
  lines    promotions  tax         ship | sub    off   tax   ship  total
  1×10.00  -1          7.25% excl  -    | 10.00  1.00  0.65  0.00  9.65
  1×10.00  -2          7.25% excl  -    | 10.00  2.00  0.58  0.00  8.58
  `,
  )
})

describe('Arizona, R15-5-129: coupons of the retailer', () => {
  // The net selling price is subject to tax. At 5.6 %:
  priceTable(
    'USD',
    `
  lines    promotions  tax        ship | sub    off    tax   ship  total
  1×40.00  25%         5.6% excl  -    | 40.00  10.00  1.68  0.00  31.68
  `,
  )
})

describe('Australia, GST Act 1999 section 9-90: rounding of amounts of GST', () => {
  // 'https://www.ato.gov.au/law/view/print?DocID=PAC%2F19990055%2F9-90'
  // GST is 1/11 of the price. Several supplies on one invoice: the unrounded amounts are added
  // and rounded once, 0.5 cents upwards (2)(a); or each is rounded and then added (2)(b).
  priceTable(
    'AUD',
    `
  lines                 promotions  tax            ship | sub     off   tax    ship  total
  1×110.00              -           10% incl       -    | 110.00  0.00  10.00  0.00  110.00
  1×0.99 1×0.99 1×0.99  -           10% incl       -    | 2.97    0.00  0.27   0.00  2.97
  1×0.05 1×0.05         -           10% incl       -    | 0.10    0.00  0.01   0.00  0.10
  1×0.05 1×0.05         -           10% incl line  -    | 0.10    0.00  0.00   0.00  0.10
  1×0.06 1×0.06         -           10% incl line  -    | 0.12    0.00  0.02   0.00  0.12
  1×0.06 1×0.06         -           10% incl       -    | 0.12    0.00  0.01   0.00  0.12
  `,
  )
})

describe('New Zealand, Tax Administration Act 1994 section 19O', () => {
  // A fraction of a cent up to a half may be disregarded, more than a half shown as a cent; on
  // each amount of tax or on their total. GST is 15 %, in prices 3/23.
  priceTable(
    'AUD',
    `
  lines    promotions  tax                 ship | sub    off   tax   ship  total
  1×0.10   -           15% excl half-down  -    | 0.10   0.00  0.01  0.00  0.11
  1×0.11   -           15% excl half-down  -    | 0.11   0.00  0.02  0.00  0.13
  1×23.00  -           15% incl half-down  -    | 23.00  0.00  3.00  0.00  23.00
  `,
  )
})

describe('European Union, Directive 2006/112/EC: VAT on the price actually paid', () => {
  // Article 79(b): discounts granted at the time of the supply are not part of the taxable
  // amount; Article 78(b): incidental expenses such as transport charged to the buyer are. The
  // standard and reduced rates are those of reference/vat-rates-eu-history.json.
  priceTable(
    'EUR',
    `
  lines                promotions  tax              ship  | sub     off     tax    ship   total
  1×119.00             -           19% incl ship    -     | 119.00  0.00    19.00  0.00   119.00
  1×119.00             10%         19% incl ship    5.95  | 119.00  11.90   18.05  5.95   113.05
  1×100.00             -           25.5% excl ship  10.00 | 100.00  0.00    28.05  10.00  138.05
  1×100.00 1×100.00:r  50%         21%/r9% excl     -     | 200.00  100.00  15.00  0.00   115.00
  1×24.20 1×10.90:r    -           21%/r9% incl     -     | 35.10   0.00    5.10   0.00   35.10
  `,
  )
})

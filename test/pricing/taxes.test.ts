import { describe } from 'node:test'
import { priceTable } from './table.ts'

describe('one rate', () => {
  priceTable(
    'USD',
    `
  lines    promotions  tax              ship | sub    off   tax   ship  total
  1×29.90  -           8.25% excl       5.00 | 29.90  0.00  2.47  5.00  37.37
  1×29.90  -           8.25% excl ship  5.00 | 29.90  0.00  2.88  5.00  37.78
  1×9.99   -           6.625% excl      -    | 9.99   0.00  0.66  0.00  10.65
  1×9.99   -           10.25% excl      4.99 | 9.99   0.00  1.02  4.99  16.00
  12×1.25  -           4.225% excl      -    | 15.00  0.00  0.63  0.00  15.63
  1×0.00   -           20% excl         4.00 | 0.00   0.00  0.00  4.00  4.00
  1×0.00   -           20% excl ship    4.00 | 0.00   0.00  0.80  4.00  4.80
  `,
  )
})

describe('prices that contain the tax', () => {
  priceTable(
    'EUR',
    `
  lines            promotions  tax            ship | sub     off   tax    ship  total
  2×19.99          -           20% incl       -    | 39.98   0.00  6.66   0.00  39.98
  1×10.00 1×20.00  -           19% incl ship  4.90 | 30.00   0.00  5.57   4.90  34.90
  1×1.00           -           0% incl        -    | 1.00    0.00  0.00   0.00  1.00
  1×0.01           -           20% incl       -    | 0.01    0.00  0.00   0.00  0.01
  1×12.00          -           20% incl ship  6.00 | 12.00   0.00  3.00   6.00  18.00
  1×127.00         -           27% incl       -    | 127.00  0.00  27.00  0.00  127.00
  `,
  )
})

describe('classes', () => {
  priceTable(
    'EUR',
    `
  lines                     promotions  tax                ship | sub    off   tax   ship  total
  1×10.00 1×10.00:r         -           20%/r5% excl       -    | 20.00  0.00  2.50  0.00  22.50
  1×10.00 1×10.00:none      -           20%/r5% excl       -    | 20.00  0.00  2.00  0.00  22.00
  1×10.00 1×10.00:r         10%         20%/r5% excl       -    | 20.00  2.00  2.25  0.00  20.25
  1×10.00 1×10.00:r         -5          20%/r5% incl       -    | 20.00  5.00  1.61  0.00  15.00
  1×0.99 1×0.99:r 1×0.99    -           20%/r5% excl       -    | 2.97   0.00  0.45  0.00  3.42
  1×0.99 1×0.99:r 1×0.99    -           20%/r5% excl line  -    | 2.97   0.00  0.45  0.00  3.42
  3×1.11:r 2×2.22:s 1×3.33  9%          21%/r9%/s5% incl   -    | 11.10  1.00  0.97  0.00  10.10
  1×5.00:r                  -           20%/r5% excl ship  5.00 | 5.00   0.00  1.25  5.00  11.25
  1×1.05:r 1×1.05:s         -           20%/r5%/s5% excl   -    | 2.10   0.00  0.11  0.00  2.21
  `,
  )
})

describe('rounded per line or per total', () => {
  priceTable(
    'EUR',
    `
  lines                 promotions  tax                      ship | sub    off   tax   ship  total
  1×0.33 1×0.33 1×0.33  -           19% excl                 -    | 0.99   0.00  0.19  0.00  1.18
  1×0.33 1×0.33 1×0.33  -           19% excl line            -    | 0.99   0.00  0.18  0.00  1.17
  1×0.44 1×0.44         -           19% incl                 -    | 0.88   0.00  0.14  0.00  0.88
  1×0.44 1×0.44         -           19% incl line            -    | 0.88   0.00  0.14  0.00  0.88
  2×0.44                -           19% incl line            -    | 0.88   0.00  0.14  0.00  0.88
  1×9.99 1×9.99         -           7.7% excl line           -    | 19.98  0.00  1.54  0.00  21.52
  1×9.99 1×9.99         -           7.7% excl                -    | 19.98  0.00  1.54  0.00  21.52
  1×9.99 1×9.99         -           7.7% excl line ship      9.99 | 19.98  0.00  2.31  9.99  32.28
  1×0.13 1×0.13 1×0.13  -           19% excl line half-even  -    | 0.39   0.00  0.06  0.00  0.45
  1×0.50 1×0.50         -           5% excl line half-even   -    | 1.00   0.00  0.04  0.00  1.04
  1×0.50 1×0.50         -           5% excl line half-down   -    | 1.00   0.00  0.04  0.00  1.04
  1×0.50 1×0.50         -           5% excl line up          -    | 1.00   0.00  0.06  0.00  1.06
  1×0.50 1×0.50         -           5% excl line down        -    | 1.00   0.00  0.04  0.00  1.04
  `,
  )
})

describe('a buyer who pays no tax', () => {
  // From prices that contain it, the tax is taken out of the price of a piece.
  priceTable(
    'EUR',
    `
  lines                promotions  tax                   ship | sub     off   tax   ship  total
  1×119.00             -           19% excl exempt       -    | 119.00  0.00  0.00  0.00  119.00
  1×119.00             -           19% incl exempt       -    | 100.00  0.00  0.00  0.00  100.00
  3×9.99               -           19% incl exempt       -    | 25.17   0.00  0.00  0.00  25.17
  3×9.99               10%         19% incl exempt       -    | 25.17   2.52  0.00  0.00  22.65
  1×119.00 1×107.00:r  -           19%/r7% incl exempt   -    | 200.00  0.00  0.00  0.00  200.00
  1×119.00             -           19% incl ship exempt  5.95 | 100.00  0.00  0.00  5.00  105.00
  1×119.00             -           19% incl exempt       5.95 | 100.00  0.00  0.00  5.95  105.95
  1×119.00             -           19% excl ship exempt  5.95 | 119.00  0.00  0.00  5.95  124.95
  `,
  )
})

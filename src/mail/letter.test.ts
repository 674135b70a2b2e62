import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { minor } from '../core/money.ts'
import {
  accountErased,
  alreadyRegistered,
  emailChanged,
  emailChangeRefused,
  emailChangeConfirmNew,
  emailChangeConfirmOld,
  passwordChanged,
  resetPassword,
  signInMethodChanged,
  verifyEmail,
} from './account-letters.ts'
import { render, storeUrl, type Letter, type Store } from './letter.ts'
import {
  orderCancelled,
  orderDelivered,
  orderShipped,
  returnDecided,
  returnReceived,
} from './life-letters.ts'
import { orderConfirmation, orderNote, paymentRefunded } from './order-letters.ts'

const store: Store = { name: 'Corner Shop', url: 'https://shop.example.com' }
const url = storeUrl(store, '/verify', { token: 'a+b/c=&d' })
const link = { url, validFor: '24 hours' }
const at = Date.UTC(2026, 10, 21, 10, 30)

/** Every letter there is, with this in every text that somebody else may have written. */
const letters = (text: string): Readonly<Record<string, (by: Store) => Letter>> => ({
  verifyEmail: (by) => verifyEmail({ ...link, validFor: text }, by),
  resetPassword: (by) => resetPassword({ ...link, validFor: text }, by),
  passwordChanged: (by) => passwordChanged({ at }, by),
  alreadyRegistered: (by) => alreadyRegistered({ ...link, validFor: text }, by),
  emailChanged: (by) => emailChanged({ at, newEmail: text }, by),
  emailChangeRefused: (by) => emailChangeRefused({ at }, by),
  emailChangeConfirmNew: (by) => emailChangeConfirmNew({ ...link, newEmail: text }, by),
  emailChangeConfirmOld: (by) => emailChangeConfirmOld({ ...link, newEmail: text }, by),
  signInMethodChanged: (by) => signInMethodChanged({ at, what: text }, by),
  accountErased: (by) => accountErased({ at }, by),
  orderConfirmation: (by) => orderConfirmation(order(text), by),
  orderNote: (by) => orderNote({ reference: '1001', paragraphs: [text], url }, by),
  paymentRefunded: (by) =>
    paymentRefunded({ reference: '1001', amountMinor: minor(5_247), currency: 'USD' }, by),
  orderShipped: (by) => orderShipped({ ...parcel(text), hasMore: true }, by),
  orderDelivered: (by) => orderDelivered(parcel(text), by),
  orderCancelled: (by) => orderCancelled({ reference: '1001', url, isPaidBack: true }, by),
  returnDecided: (by) =>
    returnDecided({ ...back, isApproved: true, answer: `Pack it well: ${text}` }, by),
  returnReceived: (by) =>
    returnReceived({ ...back, amountMinor: minor(1_083), currency: 'USD' }, by),
})

const back = { reference: '1001', url, returnNumber: 7 }

const parcel = (text: string) => ({
  reference: '1001',
  url,
  items: [{ name: text, quantity: 2 }],
  carrier: text,
  trackingNumber: text,
  trackingUrl: 'https://parcels.example.com/RM1',
})

const order = (text: string) => ({
  reference: '1001',
  currency: 'USD',
  lines: [
    { name: text, options: { colour: text }, quantity: 2, subtotalMinor: minor(3_998) },
    { name: 'Mug', options: {}, quantity: 1, subtotalMinor: minor(1_000) },
  ],
  subtotalMinor: minor(4_998),
  discountMinor: minor(500),
  shippingMinor: minor(499),
  shippingName: text,
  taxMinor: minor(250),
  taxInclusive: false,
  totalMinor: minor(5_247),
  isPaid: true,
  url,
})

const hostile = [
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  `Bob\r\nBcc: eve@example.com\r\n\r\nPay here: http://evil.example`,
  `a\u2028b\u2029c\u0085d\u0000e`,
  `safe\u202Egpj.exe\u202C\u2066x\u2069`,
  `lone \ud800 half`,
  `&lt;b&gt; &amp;`,
]

describe('letters', () => {
  for (const text of hostile) {
    test(`let nothing in that could act: ${JSON.stringify(text)}`, () => {
      const by = { ...store, name: `${text} & Sons` }
      for (const [name, letter] of Object.entries(letters(text))) {
        const { subject, text: plain, html } = render(letter(by), by)
        for (const part of [subject, plain, html]) {
          assert.doesNotMatch(part, /[\u202a-\u202e\u2066-\u2069\r\0\u2028\u2029\u0085]/, name)
          assert.ok(part.isWellFormed(), name)
        }
        assert.doesNotMatch(subject, /\n/, name)
        assert.doesNotMatch(plain, /^(Bcc|Pay here):/m, name)
        assertOnlyOurElements(html)
      }
    })
  }

  test('have only elements of ours, whatever goes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const by = { ...store, name: text }
        for (const letter of Object.values(letters(text))) {
          assertOnlyOurElements(render(letter(by), by).html)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('link to http addresses alone', () => {
    for (const bad of ['javascript:alert(1)', 'data:text/html,x', '/relative', '']) {
      const make = () => render(verifyEmail({ ...link, url: bad }, store), store)
      assert.throws(make, /no http address/)
    }
  })

  test('carry their link whole, in both forms', () => {
    const { text, html } = render(resetPassword(link, store), store)
    assert.equal(url, 'https://shop.example.com/verify?token=a%2Bb%2Fc%3D%26d')
    assert.ok(text.includes(`\n${url}\n`))
    assert.ok(html.includes(`href="${url}"`))
  })
})

/** What a browser would make of it: elements and attributes that the layout has, and no others. */
function assertOnlyOurElements(html: string): void {
  for (const [tag] of html.matchAll(/<[^>]*>/g)) {
    const bare = tag.replaceAll(/ (lang|charset|name|content|style|href|dir)="[^"<>]*"/g, '')
    assert.match(
      bare,
      /^<(!doctype html|\/?(html|head|title|body|div|p|a|table|tr|td|meta)( \/)?)>$/,
    )
  }
  assert.equal(html.replaceAll(/<[^>]*>/g, '').search(/[<>]/), -1)
}

const texts: Readonly<Record<string, readonly [subject: string, body: string]>> = {
  verifyEmail: [
    'Confirm your e-mail address for Corner Shop',
    `An account at Corner Shop was made with this address. Please confirm that it is yours.

Confirm my address:
${url}

The link works once, within 24 hours.

If it was not you, do nothing: without your confirmation the address is not used.`,
  ],
  resetPassword: [
    'Choose a new password for Corner Shop',
    `Somebody, hopefully you, asked for a new password for your account at Corner Shop.

Choose a new password:
${url}

The link works once, within 24 hours.

If it was not you, do nothing: your password stays as it is.`,
  ],
  passwordChanged: [
    'Your password for Corner Shop was changed',
    `The password of your account was changed on 2026-11-21 10:30 UTC.

Every device has been signed out; sign in again with the new password.

If it was not you, choose a new password at once and answer this mail: somebody else may have been in your account.`,
  ],
  emailChangeConfirmNew: [
    'Confirm your new e-mail address for Corner Shop',
    `Your account at Corner Shop is to use new@example.com from now on. Please confirm that this address is yours.

Confirm my new address:
${url}

The link works once, within 24 hours.

The change takes effect when your old address has agreed too. If you know nothing of this, do nothing.`,
  ],
  emailChangeConfirmOld: [
    'Is your e-mail address for Corner Shop to change?',
    `Somebody, hopefully you, asked that your account at Corner Shop use new@example.com instead of this address.

Agree to the change:
${url}

The link works once, within 24 hours.

If it was not you, do not follow the link, and choose a new password at once.`,
  ],
  alreadyRegistered: [
    'You have an account at Corner Shop already',
    `Somebody, perhaps you, tried to register at Corner Shop with this address. There is an account with it already, and nothing was changed.

If it was you, sign in as usual, or choose a new password:

Choose a new password:
${url}

The link works once, within 24 hours.

If it was not you, do nothing.`,
  ],
  emailChanged: [
    'Your e-mail address for Corner Shop was changed',
    `On 2026-11-21 10:30 UTC the e-mail address of your account was changed to new@example.com. You will get no further mail about it at this address.

If it was not you, answer this mail at once: somebody else may have been in your account.`,
  ],
  emailChangeRefused: [
    'Your e-mail address for Corner Shop stays as it is',
    `On 2026-11-21 10:30 UTC both addresses agreed to the change you asked for, but the new one belongs to another account by now.

Your account keeps this address. You can ask for the change to yet another one.`,
  ],
  signInMethodChanged: [
    'Signing in at Corner Shop: a passkey was removed',
    `On 2026-11-21 10:30 UTC a way to sign in to your account was changed or used: a passkey was removed.

If it was not you, choose a new password at once and answer this mail: somebody else may have been in your account.`,
  ],
  accountErased: [
    'Your account at Corner Shop was erased',
    `As you asked, your account was erased on 2026-11-21 10:30 UTC, and with it your profile, addresses and ways to sign in.

What the law has us keep of your orders is kept without your name.

You will get no further mail from us about this account. You may register again any time.`,
  ],
  orderConfirmation: [
    'Your order 1001 at Corner Shop',
    `Thank you. We have your order, number 1001.

2 × Linen shirt (Linen shirt)                                  39.98 USD
1 × Mug                                                        10.00 USD

Subtotal                                                       49.98 USD
Discount                                                       -5.00 USD
Shipping: Linen shirt                                           4.99 USD
Tax                                                             2.50 USD
Total                                                          52.47 USD

It is paid.

See your order:
${url}`,
  ],
  orderNote: [
    'About your order 1001 at Corner Shop',
    `We have written something about your order 1001:

Linen shirt

See your order:
${url}`,
  ],
  paymentRefunded: [
    'Your money for order 1001 at Corner Shop',
    `We could not keep your order 1001, and have given back what you paid for it: 52.47 USD.

Depending on your bank it takes a few days until you see it.`,
  ],
  orderShipped: [
    'Your order 1001 at Corner Shop is on its way',
    `A parcel of your order 1001 has left us with Linen shirt, number Linen shirt.

Linen shirt                                                          × 2

The rest follows in another parcel.

Follow the parcel:
https://parcels.example.com/RM1

See your order:
${url}`,
  ],
  orderDelivered: [
    'Your order 1001 at Corner Shop has arrived',
    `A parcel of your order 1001 has arrived.

Linen shirt                                                          × 2

If something is not as it should be, you can ask to send it back.

See your order:
${url}`,
  ],
  orderCancelled: [
    'Your order 1001 at Corner Shop is cancelled',
    `Your order 1001 is cancelled. Nothing of it will be sent.

What you paid goes back the way it came. That may take a few days.

See your order:
${url}`,
  ],
  returnDecided: [
    'Your return 7 to Corner Shop',
    `Please send back what you asked for of your order 1001, and write "return 7" on the parcel.

Pack it well: Linen shirt

See your order:
${url}`,
  ],
  returnReceived: [
    'Your return 7 to Corner Shop has arrived',
    `What you sent back of your order 1001 is here.

10.83 USD go back the way they came, or need not be paid any more. That may take a few days.

See your order:
${url}`,
  ],
}

describe('as plain text', () => {
  const known = {
    ...letters('Linen shirt'),
    verifyEmail: (by: Store) => verifyEmail(link, by),
    resetPassword: (by: Store) => resetPassword(link, by),
    alreadyRegistered: (by: Store) => alreadyRegistered(link, by),
    emailChanged: (by: Store) => emailChanged({ at, newEmail: 'new@example.com' }, by),
    emailChangeConfirmNew: (by: Store) =>
      emailChangeConfirmNew({ ...link, newEmail: 'new@example.com' }, by),
    emailChangeConfirmOld: (by: Store) =>
      emailChangeConfirmOld({ ...link, newEmail: 'new@example.com' }, by),
    signInMethodChanged: (by: Store) =>
      signInMethodChanged({ at, what: 'a passkey was removed' }, by),
  }

  test('every letter is known', () => {
    assert.deepEqual(Object.keys(texts).toSorted(), Object.keys(known).toSorted())
  })

  for (const [name, letter] of Object.entries(known)) {
    test(`${name} reads well`, () => {
      const { subject, text } = render(letter(store), store)
      const [expectedSubject, body] = texts[name] ?? []
      assert.equal(subject, expectedSubject)
      assert.equal(text, `Corner Shop\n\n${body}\n\n-- \nCorner Shop\nhttps://shop.example.com\n`)
    })
  }

  test('an order whose prices include the tax says so, and leaves out no discount', () => {
    const data = { ...order('Linen shirt'), taxInclusive: true, discountMinor: minor(0) }
    const { text } = render(orderConfirmation({ ...data, isPaid: false }, store), store)
    assert.doesNotMatch(text, /Discount/)
    assert.match(text, /\nTotal +52\.47 USD\nTax included +2\.50 USD\n\nIt is not paid yet\./)
  })
})

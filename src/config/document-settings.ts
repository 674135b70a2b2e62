import type { Setting } from './settings.ts'

/** What decides on invoices, credit notes and their numbers. */
export const documentSettings = {
  INVOICES: {
    kind: 'choice',
    default: 'demand',
    choices: ['demand', 'paid', 'placed'],
    help:
      'When an invoice is issued by itself: paid: when the money has come; placed: as soon as ' +
      'the order counts; demand: when staff ask for one.',
  },
  INVOICE_PREFIX: {
    kind: 'text',
    default: 'INV-',
    help: 'What the numbers of invoices begin with; letters, digits, . _ - and /.',
  },
  CREDIT_NOTE_PREFIX: {
    kind: 'text',
    default: 'CN-',
    help: 'What the numbers of credit notes begin with.',
  },
  INVOICE_NUMBERS: {
    kind: 'choice',
    default: 'yearly',
    choices: ['yearly', 'continuous'],
    help: 'yearly: INV-2026-000001, from 1 again each year (UTC); continuous: INV-000001.',
  },
  SELLER_NAME: {
    kind: 'text',
    default: '',
    help: 'Who sells, as it stands on invoices; empty: STORE_NAME.',
  },
  SELLER_ADDRESS: {
    kind: 'text',
    default: '',
    help: 'Where the seller sits, as on a letter, with | between the lines; needed in production.',
  },
  SELLER_VAT_ID: { kind: 'text', default: '', help: 'The VAT id of the seller, with its country.' },
  SELLER_DETAILS: {
    kind: 'text',
    default: '',
    help: 'What else stands at the foot of invoices, with | between: register, bank, telephone.',
  },
  DOCUMENT_FONTS: {
    kind: 'list',
    default: '',
    help:
      'Files of fonts (TTF, OTF) for letters that DejaVu Sans has not, such as Chinese; without ' +
      'one these are printed as U+4F60.',
  },
} as const satisfies Record<string, Setting>

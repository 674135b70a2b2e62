import type { Letter, Store } from './letter.ts'

export interface StockNoticeData {
  readonly product: string
  readonly sku: string
  /** Absolute. */
  readonly productUrl: string
  readonly confirmUrl: string
  readonly unsubscribeUrl: string
}

export function confirmStockNotice(data: StockNoticeData, store: Store): Letter {
  return {
    subject: `Shall we tell you when ${data.product} is there again?`,
    blocks: [
      `Somebody, you we hope, asked ${store.name} to write to this address when ${data.product} ` +
        `(${data.sku}) is there again.`,
      { label: 'Yes, tell me', url: data.confirmUrl },
      'If it was not you, there is nothing to do: we do not write again.',
    ],
  }
}

export function backInStock(data: StockNoticeData): Letter {
  return {
    subject: `${data.product} is there again`,
    blocks: [
      `You asked us to tell you: ${data.product} (${data.sku}) can be had again, while there is ` +
        'some. This was the only mail about it.',
      { label: 'See it', url: data.productUrl },
      { label: 'I did not want this', url: data.unsubscribeUrl },
    ],
  }
}

export interface LowStockData {
  readonly product: string
  readonly sku: string
  readonly available: number
  readonly threshold: number
}

export function lowStock({ product, sku, available, threshold }: LowStockData): Letter {
  const lines = [
    ['Article', `${product} (${sku})`],
    ['Available', String(available)],
    ['Threshold', String(threshold)],
  ] as const
  return {
    subject: `Low stock: ${available} of ${sku} left`,
    blocks: [
      { rows: lines },
      'You hear of it again when it has been above its threshold in between.',
    ],
  }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { html } from './html.ts'

test('what is put into a template is text, in elements and in attributes', () => {
  const name = `<script>alert("&'")</script>`
  assert.equal(
    html`<p title="${name}">${name} ${5}</p>`.text,
    '<p title="&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;">' +
      '&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt; 5</p>',
  )
})

test('templates go into templates as they are', () => {
  const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`)
  const last = html`<b>c</b>`
  assert.equal(html`<p>${items}${last}</p>`.text, '<p><i>a</i><i>&lt;b&gt;</i><b>c</b></p>')
})

test('no text can leave its place', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const inside = /^<i a="([^"]*)">([^<>]*)<\/i>$/s.exec(html`<i a="${text}">${text}</i>`.text)
      assert.ok(inside)
      assert.doesNotMatch(inside[1] ?? '', /['<>]|&(?!(amp|lt|gt|quot|#39);)/)
    }),
  )
})

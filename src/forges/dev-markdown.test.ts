import { describe, expect, it } from 'vitest'
import { markdown } from './dev-markdown.ts'

describe('Markdown of a comment', () => {
  it('becomes paragraphs, lists, tables, code and folded parts', () => {
    const text =
      '<!-- marker -->\n**Green** after `1` round\n\n- one\n- two\n\n| A | B |\n|---|---|\n| `x` | y \\| z |\n\n<details><summary>Round 1</summary>\n\n```diff\n-old\n+new\n```\n\n</details>'
    expect(markdown(text)).toBe(
      '<p><strong>Green</strong> after <code>1</code> round</p>\n<ul><li>one</li><li>two</li></ul>\n' +
        '<div class="wide"><table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td><code>x</code></td><td>y | z</td></tr></tbody></table></div>\n' +
        '<details><summary>Round 1</summary>\n<pre class="diff"><del>-old</del>\n<ins>+new</ins></pre>\n</details>',
    )
  })

  it('never lets a tag or an address of another kind through', () => {
    const markup = markdown(
      '<script>alert(1)</script> [x](javascript:alert) `<img>` [y](https://a.example/"onclick=")\n<details><summary><img src=x></summary>',
    )
    expect(markup).not.toMatch(/<(?:script|img)/)
    expect(markup).not.toContain('href="javascript')
    expect(markup).not.toMatch(/<a[^>]*onclick/)
  })
})

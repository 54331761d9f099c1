// Takes the picture of the README from a report: node scripts/picture.ts artifacts/RUN/report.html docs/images/report.png
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [page = '', image = '', width = '1400'] = process.argv.slice(2)
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking'],
})
const view = await browser.newPage({ viewport: { width: Number(width), height: 900 } })
await view.goto(pathToFileURL(resolve(page)).href)
mkdirSync(dirname(image), { recursive: true })
await view.screenshot({ path: image })
await browser.close()

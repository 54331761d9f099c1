// A workflow server to experiment on: no model, no network. It answers customers of a shop by e-mail, chat or text message.
//
//   node examples/experiments/workflow-server.mjs --port 18790
//   curl -d '{"question":"Where is my order?","order":"A-1001","channel":"email"}' http://127.0.0.1:18790/reply
//
// Two faults are built in that only show for certain pairs of parameters:
//   channel sms with detail high       the answer is cut off before it names the order
//   language ru with model small       the answer is left untranslated
// And one that has to do with the prompt: unless it asks for the order number, the answer leaves it out now and then.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'

const openings = {
  en: { formal: 'Dear customer,', casual: 'Hi there,', brief: '' },
  zh: { formal: '尊敬的客户：', casual: '您好！', brief: '' },
  ru: { formal: 'Уважаемый клиент,', casual: 'Здравствуйте!', brief: '' },
}
const bodies = {
  en: (order) => `your order ${order} is on its way.`,
  zh: (order) => `您的订单 ${order} 已发货。`,
  ru: (order) => `ваш заказ ${order} уже в пути.`,
}
const details = {
  en: ' It left our warehouse yesterday and should reach you within three working days.',
  zh: ' 昨天已出库，预计三个工作日内送达。',
  ru: ' Вчера он покинул склад и придёт в течение трёх рабочих дней.',
}

/** Longest text message, in characters. */
const smsLength = 20

/** A number from 0 up to 1 that depends on the text alone. */
function luck(text) {
  return Number.parseInt(createHash('sha256').update(text).digest('hex').slice(0, 12), 16) / 2 ** 48
}

/** The answer of the workflow. The same request and seed give the same answer. */
export function answer(request, seed = 1) {
  const { question = '', order = '', language = 'en', tone = 'formal', channel = 'email' } = request
  const { detail = 'low', model = 'large', prompt = '' } = request
  const isTold = /order number/i.test(prompt)
  const forgets = !isTold && luck(`${seed}/${question}/${order}/${language}/${tone}/${channel}/${detail}`) < 0.25
  const speaks = language === 'ru' && model === 'small' ? 'en' : language
  const said = `${openings[speaks][tone]} ${bodies[speaks](forgets ? '' : order)}${detail === 'high' ? details[speaks] : ''}`
  const text = said.replaceAll(/ +/g, ' ').trim()
  const isCut = channel === 'sms' && detail === 'high'
  const shown = isCut ? `${text.slice(0, smsLength).replaceAll(order, '')}…` : text
  const tokens = { input: 40 + Math.ceil(prompt.length / 4), output: Math.ceil(shown.length / 3) }
  return { answer: shown, language: speaks, tokens }
}

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}')
}

/** Starts the server and tells its address. */
export async function start({ port = 0, delayMs = 10, seed = 1 } = {}) {
  const server = createServer(async (request, response) => {
    try {
      if (request.method !== 'POST') return void response.end('{"status":"ready"}')
      const asked = await bodyOf(request)
      const waitMs = delayMs * (0.5 + luck(`${seed}/wait/${JSON.stringify(asked)}`))
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answer(asked, seed)))
    } catch (error) {
      response.statusCode = 400
      response.end(JSON.stringify({ message: String(error) }))
    }
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '18790' },
      delay: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
    },
  })
  const { url } = await start({ port: Number(values.port), delayMs: Number(values.delay), seed: Number(values.seed) })
  console.log(`the example workflow answers on ${url}/reply`)
}

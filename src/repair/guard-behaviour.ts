import type { Language } from './guard-language.ts'
import type { Marker } from './guard-markers.ts'

const script: readonly Language[] = ['script']
const python: readonly Language[] = ['python']
const decoded = String.raw`b64decode|b32decode|b16decode|a85decode|unhexlify|fromhex|codecs\s*\.\s*decode|decompress|marshal|atob|["'\x60](?:base64|hex)["'\x60]|fromCharCode`
const hidden: readonly Marker[] = [
  {
    code: 'hidden_code',
    name: 'code that is decoded and run',
    pattern: new RegExp(
      String.raw`\b(?:exec|eval|compile|Function|__import__|runInThisContext|runInNewContext|loads)\s*\([^\n]{0,100}(?:\b(?:${decoded})|["'\x60](?:base64|hex)["'\x60])`,
      'g',
    ),
    in: ['python', 'script', 'other'],
  },
  {
    code: 'hidden_code',
    name: 'a decoded text that goes to a shell',
    pattern: /\bbase64\s+(?:-d|-D|--decode)\b[^\n]{0,200}\|\s*(?:ba|z|da|k)?sh\b/g,
  },
  {
    code: 'hidden_code',
    name: 'code that is put together while it runs',
    pattern: /(?<![\w.]|\bdef\s)(?:exec|eval)\s*\(\s*(?!\))|\bloads\s*\(\s*b["']/g,
    in: ['python'],
  },
  {
    code: 'hidden_code',
    name: 'code that is put together while it runs',
    pattern: /(?<![\w.]|\bfunction\s)eval\s*\(\s*(?!\))|\bnew\s+Function\s*\(/g,
    in: ['script'],
  },
  {
    code: 'hidden_code',
    name: 'a word that is put together from its letters',
    pattern:
      /["']{2}\s*\.\s*join\s*\(\s*[[(]\s*["']|["'`]\w{1,40}["'`]\s*(?:\[\s*::\s*-1|\.\s*split\s*\(\s*["'`]{2}\s*\)\s*\.\s*reverse)|["'`]\s*\]\s*\.\s*join\s*\(\s*["'`]{2}\s*\)/g,
    in: ['python', 'script'],
    notInTests: true,
  },
  {
    code: 'hidden_code',
    name: 'code that Python runs when it starts',
    pattern: /\.pth["']|\bgetsitepackages\b|\b(?:site|user)customize\b/g,
    in: python,
  },
  {
    code: 'hidden_code',
    name: 'an encoding that hides what the code is',
    // Python looks for it in the first two lines.
    pattern:
      /^(?:[^\n]*\n)?[ \t\f\ufeff]*#[^\n]{0,80}?coding[:=][ \t]*(?!utf-?8\b|ascii\b|us-ascii\b|latin-?1\b|iso-8859)[-\w.]/gi,
    in: python,
  },
]

const reaching: readonly Marker[] = [
  {
    code: 'reaches_out',
    name: 'a program that is started or a connection that is opened',
    pattern:
      /^[ \t]*(?:import|from)[ \t]+(?:subprocess|socket|urllib|requests|httpx|aiohttp|http\.client|ftplib|smtplib|pty|ctypes)\b|\bsubprocess\s*\.\s*\w+\s*\(|\bos\s*\.\s*(?:system|popen|exec\w+|spawn\w+)\s*\(|\b(?:requests|httpx)\s*\.\s*(?:get|post|put|request)\s*\(|\burlopen\s*\(/gm,
    in: python,
    warns: true,
  },
  {
    code: 'reaches_out',
    name: 'a program that is started or a connection that is opened',
    pattern:
      /(?:\bfrom|\brequire\s*\(|\bimport\s*\(|\bimport)\s*["'`](?:node:)?(?:child_process|net|http|https|http2|dgram|tls|worker_threads|vm)["'`]|\b(?:execSync|spawnSync|execFileSync)\s*\(|(?<![\w.])fetch\s*\(|\bnew\s+(?:WebSocket|XMLHttpRequest)\b/g,
    in: script,
    warns: true,
  },
  {
    code: 'reaches_out',
    name: 'a program that is started or a connection that is opened',
    pattern: /(?:^|[\s;&|(])(?:curl|wget|nc|ncat|ssh|scp)\s/gm,
    in: ['shell', 'yaml'],
    warns: true,
  },
]

/** What hides what code does, or reaches out. */
export const behaviourMarkers: readonly Marker[] = [...hidden, ...reaching]

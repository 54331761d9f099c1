import { GreenloopError } from '../domain/errors.ts'
import { quote, statusFailure } from './target-errors.ts'
import type { CallSite, StatusAnswer } from './target-errors.ts'

/** An error as model servers report it, in an answer or in the middle of a stream. */
export interface ReportedError {
  readonly message: string
  /** `code`, or `type` where there is no code. */
  readonly code?: string | undefined
  /** Status of the answer, or the one that the error names. */
  readonly status?: number | undefined
}

/** Reads `{ error: { message, code, type } }`, `{ error: "…" }` and `{ code, message }`. */
export function reportedError(body: unknown, site: CallSite): ReportedError | undefined {
  const { error = body } = fieldsOf(body)
  if (typeof error === 'string') return error === '' ? undefined : { message: quote(error, site) }
  const { message, code, type } = fieldsOf(error)
  const named = [code, type].find(isCode)
  if (named === undefined && typeof message !== 'string') return undefined
  const status = Number(named)
  return {
    message: quote(typeof message === 'string' && message !== '' ? message : JSON.stringify(error), site),
    ...(named === undefined ? {} : { code: `${named}` }),
    ...(Number.isInteger(status) && status >= 400 && status < 600 ? { status } : {}),
  }
}

function isCode(value: unknown): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && value !== '')
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

/** The filter of the provider stopped question or answer: an outcome of the case, not an accident. */
export function isFiltered({ code }: ReportedError): boolean {
  return code !== undefined && filterCodes.has(fold(code))
}

const filterCodes = new Set([
  'contentfilter',
  'contentpolicyviolation',
  'datainspectionfailed',
  'responsibleaipolicyviolation',
])
const rateCodes = [
  'throttling',
  'limitrequests',
  'ratelimit',
  'toomanyrequests',
  'engineoverloaded',
  'serveroverloaded',
  'overloaded',
]
const quotaCodes = new Set([
  'insufficientquota',
  'billinghardlimitreached',
  'arrearage',
  'insufficientbalance',
  'billingnotactive',
])
const refusedCodes = new Set([
  'invalidapikey',
  'accessdenied',
  'modelnotfound',
  'invalidparameter',
  'invalidrequesterror',
  'contextlengthexceeded',
])

/** `Throttling.RateQuota` and `throttling_rate_quota` are the same word. */
const fold = (code: string): string => code.toLowerCase().replaceAll(/[^a-z0-9]/gu, '')

/** DashScope says `insufficient_quota` for tokens per minute, others for money. */
function isDashScope(url: URL): boolean {
  return /(?:^|\.)aliyuncs\.com$/iu.test(url.hostname)
}

/** What went wrong, and at whom. */
export interface ProviderFailure {
  readonly reported: ReportedError | undefined
  /** The whole answer, where it was one and not an event of a stream. */
  readonly answer?: StatusAnswer | undefined
  readonly url: URL
  readonly site: CallSite
}

/** The error for what a model server reports, by its code first and its status second. */
export function providerFailure({ reported, answer, url, site }: ProviderFailure): GreenloopError {
  const code = fold(reported?.code ?? '')
  const byStatus = answer === undefined ? undefined : statusFailure(answer, site)
  const status = answer?.status ?? reported?.status
  const coded = reported?.code === undefined ? '' : ` (${reported.code})`
  const text = byStatus?.message ?? `${site.label} reports in its stream: ${reported?.message ?? 'an error'}${coded}`
  const call = byStatus?.call ?? (status === undefined ? undefined : { status })
  const make = (kind: 'target_rate_limited' | 'target_quota' | 'target_refused' | 'target_failed'): GreenloopError =>
    new GreenloopError(kind, text, call === undefined ? {} : { call })
  const isRate = rateCodes.some((each) => code.startsWith(each)) || (code === 'insufficientquota' && isDashScope(url))
  if (isRate) return make('target_rate_limited')
  if (quotaCodes.has(code) || status === 402) return make('target_quota')
  if (byStatus !== undefined) return byStatus
  if (status === 429) return make('target_rate_limited')
  const isRefused = refusedCodes.has(code) || (status !== undefined && status < 500)
  return make(isRefused ? 'target_refused' : 'target_failed')
}

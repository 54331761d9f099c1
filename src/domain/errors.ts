import type { ErrorEntry } from './error-entry.ts'
import { forgeErrors } from './forge-errors.ts'
import { inputErrors } from './input-errors.ts'
import { serviceErrors } from './service-errors.ts'
import { storeErrors } from './store-errors.ts'
import { targetErrors } from './target-errors.ts'

/** The closed set of failures that stop a command. */
export const errorCatalog = {
  ...inputErrors,
  llm_unreachable: {
    id: 'GL0301',
    exit: 3,
    title: 'the model server cannot be reached',
    explanation:
      'The connection was refused, the name could not be resolved, or TLS failed. Check the endpoint, that the server runs, and proxies in between. `--mode offline` works without any model.',
  },
  llm_unauthorized: {
    id: 'GL0302',
    exit: 3,
    title: 'the model server refused the key',
    explanation:
      'The server answered 401 or 403. Set the key in LLM_API_KEY (or the variable that --http-api-key-env names), and check that it may use this model.',
  },
  llm_timeout: {
    id: 'GL0303',
    exit: 3,
    title: 'the model did not answer in time',
    explanation:
      'There are four limits: connection, first byte, silence between two pieces, and the whole answer. Local models on a CPU often need a longer first-byte limit: LLM_FIRST_BYTE_TIMEOUT_SECONDS and LLM_TIMEOUT_SECONDS.',
  },
  llm_rate_limited: {
    id: 'GL0304',
    exit: 3,
    title: 'the model server kept answering that there are too many requests',
    explanation: 'Retries honoured Retry-After and were used up. Wait, lower the rate, or raise LLM_MAX_ATTEMPTS.',
  },
  llm_failed: {
    id: 'GL0305',
    exit: 3,
    title: 'the model call failed',
    explanation:
      'The server answered with an error that retries did not cure, or the command that stands for the model ended with one. The message shows the status and the beginning of the body.',
  },
  llm_garbled: {
    id: 'GL0306',
    exit: 3,
    title: 'the model server talks something that is not its protocol',
    explanation:
      'The body was not the JSON or event stream of an OpenAI-compatible server. A proxy page or a wrong path is the usual cause: the endpoint should end in /v1/chat/completions, or be the base URL before it.',
  },
  llm_truncated: {
    id: 'GL0307',
    exit: 3,
    title: 'the answer of the model broke off',
    explanation:
      'The stream ended without a finish reason, or the limit of tokens was reached. Raise LLM_MAX_TOKENS, or ask for fewer tests per call.',
  },
  llm_too_large: {
    id: 'GL0308',
    exit: 3,
    title: 'the answer of the model is larger than the cap',
    explanation:
      'Answers are cut off at a cap on decoded bytes (8 MiB unless set), so that a runaway stream cannot fill the memory.',
  },
  replay_missing: {
    id: 'GL0309',
    exit: 3,
    title: 'no recorded answer fits this prompt',
    explanation:
      'Replay never calls a model. The prompt has changed since the recording: record again with --record DIR, or go back to the prompt that was recorded.',
  },
  answer_unusable: {
    id: 'GL0401',
    exit: 3,
    title: 'no usable test script could be taken from the answer',
    explanation:
      'The answer was empty, a refusal, prose without code, or code without a test. The raw answer lies among the artifacts of the run. A larger model, a simpler suite or another template usually helps.',
  },
  script_rejected: {
    id: 'GL0402',
    exit: 3,
    title: 'the generated script did not pass validation',
    explanation:
      'The script was extracted, but it does not parse, holds no test, or the runner could not collect it. The message of the runner is quoted, and the script lies among the artifacts.',
  },
  framework_missing: {
    id: 'GL0501',
    exit: 3,
    title: 'the test framework is not installed',
    explanation:
      'Greenloop looked for it in the project and on the PATH. For pytest: `python3 -m pip install pytest`, or name an interpreter with --runner-path. For vitest: `npm install -D vitest`. `greenloop doctor` shows what was found.',
  },
  runner_failed: {
    id: 'GL0502',
    exit: 3,
    title: 'the test runner could not be started or broke down',
    explanation:
      'The process of the framework ended before it collected anything. Its standard error is quoted and lies among the artifacts.',
  },
  nothing_collected: {
    id: 'GL0503',
    exit: 4,
    title: 'no test was collected or run',
    explanation:
      'The files hold no test that the framework recognises, or every one was deselected by the arguments. The message prints the selection.',
  },
  run_incomplete: {
    id: 'GL0504',
    exit: 5,
    title: 'results are missing, so the run proves nothing',
    explanation:
      'Greenloop calls a run green only when the exit code, the result stream and the set of executed tests agree with the set that was collected. Something was lost: the tests concerned are named in the report.',
  },
  sandbox_unavailable: {
    id: 'GL0505',
    exit: 3,
    title: 'a sandbox was demanded and none can be had here',
    explanation:
      'The sandbox needs Linux with bubblewrap (apt-get install bubblewrap) and user namespaces. `greenloop doctor` shows which probe failed. `--sandbox off` runs without protection.',
  },
  artifact_failed: {
    id: 'GL0601',
    exit: 3,
    title: 'an artifact could not be written',
    explanation:
      'The disk is full, the folder is read-only, or the permissions do not allow it. Nothing half-written is left behind. Choose another folder with --artifacts, or make room.',
  },
  budget_reached: {
    id: 'GL0701',
    exit: 6,
    title: 'a budget or limit was reached',
    explanation: 'The run stopped because the limit of tokens, money or time that was set for it was used up.',
  },
  cancelled: {
    id: 'GL0801',
    exit: 130,
    title: 'the command was interrupted',
    explanation: 'Ctrl-C or a signal ended it. What was finished before is kept in the artifacts of the run.',
  },
  ...serviceErrors,
  ...targetErrors,
  ...forgeErrors,
  ...storeErrors,
  internal: {
    id: 'GL0901',
    exit: 3,
    title: 'Greenloop itself failed',
    explanation: 'This is a defect of Greenloop. Run again with --debug for the stack trace and report it.',
  },
} as const satisfies Record<string, ErrorEntry>

/** Name of a failure in the closed set. */
export type ErrorCode = keyof typeof errorCatalog

/** A place in a file. Lines and columns count from 1; `text` is that line, for the code frame. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
  /** Length of what is underlined, in characters. */
  readonly length?: number
  readonly text?: string
}

/** One of several things wrong with an input. */
export interface Problem {
  readonly message: string
  readonly place?: Place
  readonly help?: string
}

/** What is known of a model call that failed, for whoever tries again or salvages. */
export interface CallFailure {
  /** HTTP status, where there was one. */
  readonly status?: number
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs?: number
  /** Text that came before the answer broke off. */
  readonly partial?: string
}

/** What a {@link GreenloopError} may carry beyond its code and message. */
export interface ErrorDetails {
  readonly cause?: unknown
  readonly place?: Place
  /** Why this is refused, where that is not plain. */
  readonly why?: string
  /** What mends it: one line, a command where there is one. */
  readonly help?: string
  /** All problems of an input, when it has several. */
  readonly problems?: readonly Problem[]
  /** Facts of a failed model call. */
  readonly call?: CallFailure
}

/** The only error that Greenloop throws on purpose. */
export class GreenloopError extends Error {
  override readonly name = 'GreenloopError'
  readonly code: ErrorCode
  readonly place: Place | undefined
  readonly why: string | undefined
  readonly help: string | undefined
  readonly problems: readonly Problem[]
  readonly call: CallFailure | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.place = details.place
    this.why = details.why
    this.help = details.help
    this.problems = details.problems ?? []
    this.call = details.call
  }
}

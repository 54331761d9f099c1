import type { ErrorEntry } from './error-entry.ts'

/** Failures of the systems that tasks call on, and of what is asked of them. */
export const targetErrors = {
  target_failed: {
    id: 'GL1101',
    exit: 3,
    title: 'the system a task called on broke down',
    explanation:
      'The workflow, server or function behind a task answered with an error of its own making, or not at all. It is a system error, not the answer of the task, so it is tried again while the policy allows it.',
  },
  target_rate_limited: {
    id: 'GL1102',
    exit: 3,
    title: 'the server of the workflow has too much to do',
    explanation:
      'It answered 429. The call was not carried out, and is tried again as the policy allows. Lower `concurrency`, set `rate_limit` to what the server allows, or let `adaptive` find the width.',
  },
  target_timeout: {
    id: 'GL1103',
    exit: 3,
    title: 'the workflow did not answer in time',
    explanation:
      'The limit is `timeout_seconds` of the plan, the server or the workflow. The call was stopped where the server can do that.',
  },
  target_unknown: {
    id: 'GL1104',
    exit: 3,
    title: 'nobody knows whether the call was carried out',
    explanation:
      'The connection broke off after the call was sent, and the server does not tell what became of it. It is not sent again by itself, so that nothing is paid for twice.',
  },
  target_refused: {
    id: 'GL1105',
    exit: 3,
    title: 'the server refuses the call as it is',
    explanation:
      'Key, app, version or input are not what the server takes; the message quotes it. The next attempt would meet the same, so there is none, and a manifest whose calls are all refused is ended early.',
  },
  target_quota: {
    id: 'GL1106',
    exit: 3,
    title: 'the quota of the server is used up',
    explanation:
      'Further calls would be refused as well, so the run stops asking. It can be resumed when there is quota again.',
  },
  target_garbled: {
    id: 'GL1107',
    exit: 3,
    title: 'the server talks something that is not its protocol',
    explanation:
      'The body was not the JSON or event stream that was expected. A proxy page or a wrong address is the usual cause.',
  },
  judge_failed: {
    id: 'GL1108',
    exit: 3,
    title: 'a check could not be made',
    explanation:
      'The judge gave no verdict that can be read, or a function of a check broke down. That is not a failure of the answer: the trial counts as not scored.',
  },
} as const satisfies Record<string, ErrorEntry>

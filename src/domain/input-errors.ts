import type { ErrorEntry } from './error-entry.ts'

/** Failures of what people wrote: command lines, files, settings, models. */
export const inputErrors = {
  usage_invalid: {
    id: 'GL0101',
    exit: 2,
    title: 'the command line cannot be used as it is',
    explanation:
      'An option or argument is unknown, missing, or does not go with another. The message names it and, where one is near, the name that was probably meant. `greenloop COMMAND --help` lists what a command takes.',
  },
  file_missing: {
    id: 'GL0102',
    exit: 2,
    title: 'a file that was named does not exist or cannot be read',
    explanation:
      'Paths are taken relative to the folder the command was started in; paths inside a request file, relative to that file. Check the spelling, the working folder and the permissions.',
  },
  file_too_large: {
    id: 'GL0103',
    exit: 2,
    title: 'a file is larger than Greenloop reads',
    explanation:
      'Suites, requests and settings are limited to 10 MiB, and documents to 500 levels of nesting, so that one wrong file cannot take the machine down. Split the suite, or point to the file that was really meant.',
  },
  syntax_invalid: {
    id: 'GL0104',
    exit: 2,
    title: 'a file is not valid JSON or YAML',
    explanation:
      'The message points at the line and column where reading stopped; the mistake is there or just before it: a missing comma, an unclosed bracket or quote, a tab in YAML indentation.',
  },
  suite_invalid: {
    id: 'GL0201',
    exit: 2,
    title: 'the suite does not follow the suite schema',
    explanation:
      'Every problem is listed with its line. Unknown keys are reported with the nearest known one; put data of your own under `custom`. The schema is published as docs/schemas/suite.schema.json, and editors check against it when the suite names it in `$schema`.',
  },
  request_invalid: {
    id: 'GL0202',
    exit: 2,
    title: 'the execution request does not follow its schema',
    explanation:
      'Every problem is listed with its line. The schema is published as docs/schemas/request.schema.json; examples/exec_request.json is a request that uses most of it.',
  },
  config_invalid: {
    id: 'GL0203',
    exit: 2,
    title: 'a setting has a value that cannot be used',
    explanation:
      '`greenloop config show --origin` prints every setting with the file, line, variable or flag it came from.',
  },
  template_invalid: {
    id: 'GL0204',
    exit: 2,
    title: 'a prompt template cannot be rendered',
    explanation:
      'Templates are Jinja files. The message names the template and what it could not find or parse. `greenloop generate --show-prompt` prints the prompt without calling a model.',
  },
  policy_invalid: {
    id: 'GL0205',
    exit: 2,
    title: 'the execution policy cannot be used',
    explanation:
      'A policy says how tasks are run: concurrency, retries, limits, when to stop. Every problem is listed. docs/engine.md has each key with its unit and default.',
  },
  model_invalid: {
    id: 'GL0206',
    exit: 2,
    title: 'the combination model cannot be read',
    explanation:
      'A parameter, value or constraint is written in a way that has no meaning, or names something that is not there. Every problem is listed with its line and column.',
  },
  model_contradictory: {
    id: 'GL0207',
    exit: 2,
    title: 'the constraints of the combination model contradict each other',
    explanation:
      'No row can satisfy all of them. The message names a smallest set of constraints of which each is needed for the contradiction: change or remove any one of them.',
  },
  rows_invalid: {
    id: 'GL0208',
    exit: 2,
    title: 'rows of a combination file do not fit their model',
    explanation:
      'A row names a parameter or value that the model does not have, or has the wrong number of cells. Every problem is listed with its line.',
  },
  manifest_invalid: {
    id: 'GL0209',
    exit: 2,
    title: 'the manifest does not follow its schema',
    explanation: 'Every problem is listed with its line. A manifest is checked whole before its first task runs.',
  },
  plan_invalid: {
    id: 'GL0210',
    exit: 2,
    title: 'the files of an experiment do not fit together',
    explanation:
      'Plan, catalog, environment or a dataset do not follow their schema, or name something that is not there. Every problem of all files is listed with its place. The schemas are published under docs/schemas.',
  },
  patch_invalid: {
    id: 'GL0211',
    exit: 2,
    title: 'a patch does not fit the description of the workflow',
    explanation:
      'A patch has to hit exactly as many places as it says (one unless `times` is set), and must not bring in a reference to a node or variable that is not there. The message lists the places that can be selected.',
  },
  variable_missing: {
    id: 'GL0212',
    exit: 2,
    title: 'a variable of the environment is not set',
    explanation:
      'A file refers to it as `${NAME}`. Set it in the environment or in `.env`, or give a default as `${NAME:-default}`.',
  },
  repair_invalid: {
    id: 'GL0213',
    exit: 2,
    title: 'the configuration of repair cannot be used',
    explanation:
      'Every problem is listed with its line. docs/reference/repair.md has each key with its unit and default; `greenloop repair check` tries the connections and permissions it names.',
  },
} as const satisfies Record<string, ErrorEntry>

/** What a first experiment can be about. */
export type InitTarget = 'dify' | 'http' | 'openai' | 'module'

/** Files of a first experiment by name; each of them loads as it is. */
export function firstFiles(target: InitTarget): Readonly<Record<string, string>> {
  return {
    'test_plan.yaml': planText[target],
    'workflows.yaml': catalogText[target],
    'env.yaml': environmentText[target],
    ...(target === 'module' ? { 'workflow.mjs': moduleText } : {}),
  }
}

const rows = `# Every row is tried with every variant, and with the combinations of the parameters.
datasets:
  - name: questions
    scenarios:
      - { name: order, inputs: { question: Where is my order? }, expected: order }
      - { name: refund, inputs: { question: How do I get a refund? }, expected: refund }
`

const judged = `evaluation:
  checks:
    - { type: contains, value: '{{expected}}', ignore_case: true }
    - { type: latency, max_ms: 20000, weight: 0 }

execution: { concurrency: 4, retry: { max_attempts: 2 } }
`

const prompts = `variants:
  - { id: plain, prompt: Answer the customer. }
  - { id: careful, prompt: Answer the customer. Repeat what the question is about. }
`

const begin = `# greenloop experiment plan FILE says what this would do and cost; greenloop experiment run FILE does it.
name: first-experiment
workflows: [my-workflow]

mode: pairwise
parameters:
  tone: [formal, casual]

`

const difyVariants = `variants:
  - { id: current }
  # Another prompt: export the app, name the file as \`dsl\` in workflows.yaml, set \`publish\` in env.yaml, and say what changes.
  # - id: careful
  #   patches:
  #     - { select: { title: LLM, message: system }, append: Repeat what the question is about. }
`

const planText: Readonly<Record<InitTarget, string>> = {
  dify: `${begin}${rows}\n${difyVariants}\n${judged}`,
  http: `${begin}${rows}\n${prompts}\n${judged}`,
  openai: `${begin}${rows}\n${prompts}\n${judged}`,
  module: `${begin}${rows}\n${prompts}\n${judged}`,
}

const parameters = `    parameters:
      - { name: question, required: true }
      - { name: tone, values: [formal, casual] }
`

const catalogText: Readonly<Record<InitTarget, string>> = {
  dify: `workflows:
  - id: my-workflow
    target: dify
    app: workflow # or chatflow, chat, agent, completion
${parameters}`,
  http: `workflows:
  - id: my-workflow
    target: http
    http:
      url: /reply
      body: { question: '{{question}}', tone: '{{tone}}', prompt: '{{prompt}}' }
      text: $.answer # where the answer stands in the reply
${parameters}`,
  openai: `workflows:
  - id: my-workflow
    target: openai
    model: \${LLM_MODEL:-gpt-4o-mini}
    # The prompt of a variant is the system prompt; this is what the user says.
    prompt: 'In a {{tone}} tone: {{question}}'
${parameters}`,
  module: `workflows:
  - id: my-workflow
    target: module
    file: workflow.mjs
    export: execute
${parameters}`,
}

const environmentText: Readonly<Record<InitTarget, string>> = {
  dify: `# Keys stay in the environment, or in \`.env\` of the working folder.
servers:
  default:
    base_url: \${DIFY_BASE_URL:-https://api.dify.ai/v1}
    api_key: \${DIFY_API_KEY}
    concurrency: 4
`,
  http: `# Keys stay in the environment, or in \`.env\` of the working folder.
servers:
  default:
    base_url: \${WORKFLOW_URL:-http://127.0.0.1:8080}
    # api_key: \${WORKFLOW_KEY}
`,
  openai: `# Keys stay in the environment, or in \`.env\` of the working folder.
servers:
  default:
    base_url: \${LLM_ENDPOINT:-https://api.openai.com/v1}
    api_key: \${LLM_API_KEY}

# What a million tokens cost, so that plans and reports tell a price.
# prices: { currency: USD, models: { gpt-4o-mini: { input: 0.15, output: 0.6 } } }
`,
  module: `# A function runs in this process and needs no server; judges and embeddings would be named here.
servers: {}
`,
}

const moduleText = `/** The workflow that is tried: gets the prompt of the variant and the inputs of the case, gives an answer. */
export async function execute({ prompt, inputs }) {
  const { question, tone } = inputs
  const greeting = tone === 'formal' ? 'Dear customer,' : 'Hi,'
  const topic = /repeat/i.test(prompt ?? '') ? question : 'your question'
  return { text: \`\${greeting} thank you for \${topic}\` }
}
`

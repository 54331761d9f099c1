import { z } from 'zod'

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const name = z.string().trim().min(1)
const strength = z.int().min(1).max(6)

const valueSchema = z.union([
  scalar,
  z.strictObject({
    value: scalar.describe('The value; rows hold it as it is written here.'),
    aliases: z.array(z.string()).default([]).describe('Further names of the same value; rows take the names in turn.'),
    negative: z
      .boolean()
      .default(false)
      .describe('A value that the system should refuse. At most one of them stands in a row.'),
    weight: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1)
      .describe('How strongly the value is preferred where coverage does not decide.'),
  }),
])

/** A condition as the JSON form writes it. */
export type ConditionInput =
  | { and: ConditionInput[] }
  | { or: ConditionInput[] }
  | { not: ConditionInput }
  | z.infer<typeof termSchema>

const relations = ['=', '<>', '<', '<=', '>', '>='] as const

const termSchema = z.union([
  z.strictObject({
    parameter: name,
    is: z.enum(relations),
    value: scalar.describe('What the parameter is compared with.'),
  }),
  z.strictObject({
    parameter: name,
    is: z.enum(relations),
    other: name.describe('The parameter it is compared with.'),
  }),
  z.strictObject({ parameter: name, is: z.enum(['in', 'not in']), values: z.array(scalar).min(1) }),
  z.strictObject({
    parameter: name,
    is: z.enum(['like', 'not like']),
    value: z.string().describe('A pattern: `*` stands for any characters, `?` for one.'),
  }),
  z.strictObject({ parameter: name, is: z.enum(['negative', 'positive']) }),
])

const conditionSchema: z.ZodType<ConditionInput> = z
  .lazy(() =>
    z.union([
      z.strictObject({ and: z.array(conditionSchema).min(1) }),
      z.strictObject({ or: z.array(conditionSchema).min(1) }),
      z.strictObject({ not: conditionSchema }),
      termSchema,
    ]),
  )
  .meta({ id: 'condition', description: 'A condition on a row.' })

const constraintSchema = z.union([
  z.string().describe('A constraint in the PICT language, such as `IF [OS] = "linux" THEN [Shell] <> "cmd"`.'),
  z.strictObject({
    if: conditionSchema,
    // oxlint-disable-next-line no-thenable
    then: conditionSchema,
    else: conditionSchema.optional(),
  }),
  conditionSchema,
])

/** A combination model as JSON files, plan files and TypeScript callers write it. */
export const combinationSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Address of this schema, for editors.'),
    parameters: z
      .record(name, z.array(valueSchema).min(1))
      .describe('Values by parameter, in the order of the columns.'),
    strength: strength
      .optional()
      .describe('How many parameters at a time are covered in all combinations; 2 unless set.'),
    subModels: z
      .array(
        z.strictObject({
          parameters: z.array(name).min(1),
          strength: strength.optional().describe('Unless set, that of the model.'),
        }),
      )
      .default([])
      .describe('Groups of parameters that are covered to a higher strength.'),
    constraints: z.array(constraintSchema).default([]).describe('What every row must satisfy.'),
    caseSensitive: z.boolean().default(false).describe('Whether names and values differ by case.'),
  })
  .meta({ title: 'Combination model', description: 'Parameters, their values, and what must hold between them.' })

/** A combination model as callers write it; `parameters` is all that is needed. */
export type CombinationInput = z.input<typeof combinationSchema>

/** A constraint as the JSON form writes it. */
export type ConstraintInput = z.output<typeof constraintSchema>

/** A combination model of the JSON form with every default filled. */
export type CombinationDocument = z.output<typeof combinationSchema>

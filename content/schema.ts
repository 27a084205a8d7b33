/**
 * What chapters, quiz items and sources must say about themselves. The site's content collections are built on these
 * schemas, so a file that does not fit stops the build with the file's name and the field's path.
 */
import * as z from 'zod/mini';

const id = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/), z.describe('Lower-case words joined by dashes'));
const syllabusRow = z
  .string()
  .check(z.regex(/^S-[A-G]\d{1,2}$/), z.describe('A row of the syllabus, such as S-A1'));
const sentence = z.string().check(z.minLength(1), z.maxLength(600));

const path = z
  .string()
  .check(z.regex(/^[A-Za-z]\w*(\.[\w-]+)*$/), z.describe('Keys, indices and names joined by dots'));

/** The head of a chapter's MDX file. */
export const chapterSchema = z.strictObject({
  title: sentence,
  /** One sentence for lists and for search engines. */
  summary: sentence,
  /** Position in the book, from 1. */
  order: z.int().check(z.gte(1)),
  /** The ideas the chapter teaches. */
  rows: z.array(syllabusRow).check(z.minLength(1)),
});

/** One of the answers to choose from: every measured value between `from` and `to`, both included; open where left out. */
const bucket = z.strictObject({
  label: sentence,
  from: z.optional(z.number()),
  to: z.optional(z.number()),
});

/**
 * A quiz item to predict and then run. It holds no answer: the right one is whatever `measure` reads from the report
 * of the run the reader starts.
 */
export const quizSchema = z.strictObject({
  id,
  rows: z.array(syllabusRow).check(z.minLength(1)),
  question: sentence,
  /** What the reader should know of the scenario before answering. */
  setting: z.array(sentence).check(z.minLength(1)),
  scenario: id,
  /** Numbers of the scenario, by path, that the setting tells in words; the site checks that they are still so. */
  assumes: z._default(z.record(path, z.number()), {}),
  /** A path into the report, such as `rpo.writes`. */
  measure: path,
  /** Said after the measured number: `acknowledged writes`. */
  unit: sentence,
  answer: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('choice'),
      buckets: z.array(bucket).check(z.minLength(2), z.maxLength(6)),
    }),
    z.strictObject({
      kind: z.literal('number'),
      min: z._default(z.number(), 0),
      /** How far off still counts: a share of the measured value, and never less than this many units. */
      tolerance: z.strictObject({
        ratio: z.number().check(z.gte(0), z.lte(1)),
        least: z.number().check(z.gte(0)),
      }),
    }),
  ]),
  /** Why it comes out so, one idea a paragraph; shown after the run. */
  explanation: z.array(sentence).check(z.minLength(1)),
});

/** Where a number or a behaviour was read. */
export const sourceSchema = z.strictObject({
  title: sentence,
  /** How it is called in the text, in a word or three. */
  short: sentence,
  url: z.string().check(z.regex(/^https:\/\//)),
  /** The edition, version or date that was read. */
  edition: z.optional(sentence),
});

export type Quiz = z.output<typeof quizSchema>;
export type QuizAnswer = Quiz['answer'];

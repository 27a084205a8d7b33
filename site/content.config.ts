import { defineCollection } from 'astro:content';
import { basename } from 'node:path';
import { file, glob } from 'astro/loaders';
import { chapterSchema, quizSchema, sourceSchema } from '#content/schema.ts';

export const collections = {
  chapters: defineCollection({
    loader: glob({ base: './content/chapters', pattern: '*.mdx' }),
    schema: chapterSchema,
  }),
  quizzes: defineCollection({
    loader: glob({ base: './content/quizzes', pattern: '*.yaml' }),
    schema: quizSchema,
  }),
  // No schema here: the engine's own parser reads them, with its exact errors.
  scenarios: defineCollection({
    loader: glob({
      base: './content',
      pattern: 'scenarios/*.yaml',
      generateId: ({ entry, data }) => String(data.id ?? basename(entry)),
    }),
  }),
  sources: defineCollection({ loader: file('./content/sources/sources.yaml'), schema: sourceSchema }),
};

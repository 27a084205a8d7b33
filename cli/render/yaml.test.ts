import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { bundledRequirements, bundledScenarios } from '#content';
import { renderYaml } from './yaml.ts';

test('a scenario reads as a person would write it', () => {
  const scenario = {
    id: 'x',
    cluster: { nodes: [{ id: 'a' }, { id: 'b', region: 'far' }] },
    faults: [{ type: 'cut', from: ['a'], to: ['b'], atMs: 1000 }],
  };
  expect(renderYaml(scenario, ['Found by a search.', 'word '.repeat(20).trim()])).toBe(`# Found by a search.
# word word word word word word word word word word word word word word word
# word word word word word
id: x
cluster:
  nodes:
    - { id: a }
    - { id: b, region: far }
faults:
  - { type: cut, from: [ a ], to: [ b ], atMs: 1000 }
`);
});

test.each([...bundledScenarios, ...bundledRequirements])('$name is read back as it was', ({ url }) => {
  const document = parse(readFileSync(url, 'utf8'));
  expect(parse(renderYaml(document, ['a comment: with # and "marks"']))).toEqual(document);
});

import { type History, models, operationAt, type SequentialModel } from '#engine';
import { didYouMean, type PlacedProblem, UsageError, WrongInput } from '../failures.ts';
import type { HistoryFile } from './read-history.ts';

const modelNames: readonly string[] = models.map(({ name }) => name);

/** The model of that name, or the first whose operations these can be. Throws WrongInput where they cannot be its own. */
export function chooseModel(file: HistoryFile, name: string | undefined): SequentialModel {
  const { history } = file;
  if (name !== undefined) {
    const model = models.find((each) => each.name === name);
    if (model === undefined)
      throw new UsageError(
        `--model ${name}: no such model. Expected one of ${modelNames.join(', ')}.${didYouMean(name, modelNames)}`,
      );
    const problems = problemsOf(file, model);
    if (problems.length > 0) throw new WrongInput(problems);
    return model;
  }
  const able = models.filter((model) => history.kinds.every((kind) => model.kinds[kind] !== undefined));
  const fitting = able.find((model) => problemsOf(file, model).length === 0);
  if (fitting !== undefined) return fitting;
  if (able.length > 0) throw new WrongInput(problemsOf(file, able[0]!));
  // None has all of them: the first operation that is none of those of the model that knows most.
  const known = (model: SequentialModel) =>
    history.kinds.filter((kind) => model.kinds[kind] !== undefined).length;
  const best = models.reduce((most, model) => (known(model) > known(most) ? model : most));
  const foreign = history.kind.findIndex((kind) => best.kinds[history.kinds[kind]!] === undefined);
  throw new WrongInput([
    {
      file: file.name,
      line: file.lines[foreign]!,
      column: 1,
      found: history.kinds[history.kind[foreign]!]!,
      ...(history.kinds.includes('txn') && {
        hint: 'a transaction is of several objects at once: Elle judges those, no model here does',
      }),
      expected: `operations of one model: ${models.map((model) => `${model.name} (${Object.keys(model.kinds).join(', ')})`).join('; ')}`,
    },
  ]);
}

/** Each different operation is looked at once. */
function problemsOf({ name, history, lines }: HistoryFile, model: SequentialModel): PlacedProblem[] {
  const problems: PlacedProblem[] = [];
  const seen = new Set<string>();
  const place = (index: number) => ({ file: name, line: lines[index]!, column: 1 });
  for (let index = 0; index < history.size; index++) {
    const signature = signatureOf(history, index);
    if (seen.has(signature)) continue;
    seen.add(signature);
    const { kind, input, output } = operationAt(history, index);
    const known = model.kinds[kind];
    if (known === undefined) {
      problems.push({
        ...place(index),
        found: kind,
        expected: `one of ${Object.keys(model.kinds).join(', ')}, of ${model.name}`,
      });
      continue;
    }
    if (known.input !== undefined && input === undefined) {
      problems.push({ ...place(index), found: `${kind} without an input`, expected: known.input });
      continue;
    }
    const expected = model.problem?.({
      kind,
      ...(input !== undefined && { input }),
      ...(output !== undefined && { output }),
    });
    if (typeof expected !== 'string') continue;
    const found = `${kind} ${JSON.stringify(input) ?? ''} → ${JSON.stringify(output) ?? 'nothing'}`;
    problems.push({ ...place(index), found, expected });
  }
  return problems;
}

function signatureOf({ kind, input, output }: History, index: number): string {
  return `${kind[index]} ${input[index]} ${output[index]}`;
}

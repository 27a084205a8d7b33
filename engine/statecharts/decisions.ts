/**
 * A function that asks yes-or-no questions, run for every combination of answers that it can tell apart.
 *
 * The function is run again for each leaf rather than suspended at each question: questions are few, and XState's
 * macrostep can then be the function as it is.
 */

export type Decision<Question, Outcome> =
  | {
      readonly type: 'test';
      readonly question: Question;
      readonly whenTrue: Decision<Question, Outcome>;
      readonly whenFalse: Decision<Question, Outcome>;
    }
  | { readonly type: 'outcome'; readonly outcome: Outcome };

/** Gives the answer to a question; questions with the same key get the same answer within a run. */
export type Ask<Question> = (key: string, question: Question) => boolean;

/** What was asked in a run and what was answered, in the order of asking. */
export interface Answer<Question> {
  readonly question: Question;
  readonly answer: boolean;
}

/**
 * The decision tree of `run`, questions in the order asked. `run` must depend on nothing but the answers.
 * It may throw to give up.
 */
export function decide<Question, Outcome>(
  run: (ask: Ask<Question>, answers: readonly Answer<Question>[]) => Outcome,
): Decision<Question, Outcome> {
  function grow(given: readonly boolean[]): Decision<Question, Outcome> {
    const answers: Answer<Question>[] = [];
    const known = new Map<string, boolean>();
    const outcome = run((key, question) => {
      let answer = known.get(key);
      if (answer === undefined) {
        answer = given[answers.length] ?? true;
        known.set(key, answer);
        answers.push({ question, answer });
      }
      return answer;
    }, answers);

    let tree: Decision<Question, Outcome> = { type: 'outcome', outcome };
    for (let asked = answers.length - 1; asked >= given.length; asked--) {
      const { question } = answers[asked]!;
      const otherwise = [...answers.slice(0, asked).map(({ answer }) => answer), false];
      tree = { type: 'test', question, whenTrue: tree, whenFalse: grow(otherwise) };
    }
    return tree;
  }
  return grow([]);
}

import { type AnswerValue, answer, back, type Requirements, startInterview } from '#engine';
import { goBack, type Prompter } from './prompter.ts';

/** Asks only what can still change the answer. An answer taken back is suggested again. */
export async function holdInterview(prompter: Prompter): Promise<Requirements> {
  const given = new Map<string, AnswerValue>();
  let interview = startInterview();
  while (interview.question !== null) {
    const { id, default: usual } = interview.question;
    const reply = await prompter.ask(interview.question, given.get(id) ?? usual);
    if (reply === goBack) interview = back(interview);
    else {
      given.set(id, reply);
      interview = answer(interview, reply);
    }
  }
  return interview.requirements;
}

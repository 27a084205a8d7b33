/** Explores a scenario beside the page, and tells it how far it has come. To stop it, end the worker. */
import { type Coverage, explore, type Scenario, scenarioModel } from '#engine';

export interface ExploreRequest {
  readonly scenario: Scenario;
  readonly crashes: number;
  readonly depth: number;
  readonly states: number;
}

export type ExploreReply =
  | { readonly type: 'progress'; readonly unique: number; readonly depth: number }
  | { readonly type: 'done'; readonly coverage: Coverage; readonly tookMs: number };

/** What a worker has of its own; the page's types do not know it. */
const page = self as unknown as {
  onmessage: (event: { readonly data: ExploreRequest }) => void;
  postMessage(reply: ExploreReply): void;
};

page.onmessage = ({ data: { scenario, crashes, depth, states } }) => {
  const model = scenarioModel(scenario, { writes: 1, crashes, losses: 0, terms: 1, restarts: false });
  const begunMs = performance.now();
  const coverage = explore(model, {
    depth,
    states,
    checks: model.checks,
    sometimes: model.sometimes,
    onProgress: (unique, reached) => {
      page.postMessage({ type: 'progress', unique, depth: reached });
      return true;
    },
  });
  page.postMessage({ type: 'done', coverage, tookMs: performance.now() - begunMs });
};
